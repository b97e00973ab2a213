#include <openssl/err.h>
#include <openssl/ssl.h>

#include "tls_int.h"

const char *
tls_verify_word(long code)
{
    switch (code) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "not_yet_valid";
    case X509_V_ERR_CERT_REVOKED:
        return "revoked";
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
        return "crl";
    case X509_V_ERR_INVALID_PURPOSE:
        return "wrong_purpose";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_CERT_UNTRUSTED:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
        return "unknown_ca";
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK:
        return "weak_key";
    case X509_V_ERR_CERT_CHAIN_TOO_LONG:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_INVALID_CA:
        return "chain";
    default:
        return "bad_certificate"; /* what X509_V_FLAG_X509_STRICT finds, and the rest */
    }
}

const char *
tls_refusal(const SSL *ssl)
{
    long verify = SSL_get_verify_result(ssl);
    unsigned long err = ERR_peek_error();
    int reason = ERR_GET_REASON(err);

    if (verify != X509_V_OK)
        return tls_verify_word(verify);
    if (err == 0)
        return "closed";
    if (ERR_GET_LIB(err) != ERR_LIB_SSL)
        return "protocol";
    if (reason > SSL_AD_REASON_OFFSET) /* an alert that the client sent */
        return "client_alert";
    switch (reason) {
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return "no_certificate";
    case SSL_R_NO_APPLICATION_PROTOCOL:
        return "alpn";
    case SSL_R_UNEXPECTED_EOF_WHILE_READING:
        return "closed";
    case SSL_R_EE_KEY_TOO_SMALL:
    case SSL_R_CA_KEY_TOO_SMALL:
        return "weak_key";
    case SSL_R_EXCESSIVE_MESSAGE_SIZE:
        return "chain"; /* a certificate list above the maximum, the only large message of a client */
    default:
        return "protocol";
    }
}
