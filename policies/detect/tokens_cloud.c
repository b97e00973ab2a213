/* Keys and tokens of clouds, of what runs in them and watches them, and of model services. */
#include "checks_int.h"

#define URL64 "[0-9A-Za-z_-]"
#define TOKEN_END "(?![0-9A-Za-z_-])"

/* The old form is a letter and 24 more: with its name before it, or when they are as mixed as chance has it. */
static bool
check_vault(struct match *m)
{
    uint8_t d[24];

    return m->text.ptr[m->start] == 'h' || match_context(m) || (match_mixed(m) && match_digits(m, d, sizeof(d)) >= 3);
}

static bool
check_cohere(struct match *m)
{
    return match_narrow(m, 1) && match_both_cases(m);
}

static bool
check_k8s(struct match *m)
{
    return match_narrow(m, 1) || match_narrow(m, 2);
}

const struct detector detect_tokens_cloud[] = {
    {
        /* SharedAccessKeyName= before it names the key, and stays. Passwords in such strings are sec.password's. */
        SECRET("sec.conn_kv", "CONNECTION_SECRET", "Key in a connection string"),
        .pattern =
            "(?:shared[ _]?access[ _]?key|account[ _]?key|shared[ _]?secret(?:[ _]?value)?)[ \\t]{0,2}=[ \\t]{0,2}([0-9A-Za-z+/_-]{16,128}+={0,2})",
        .caseless = true,
        .check = match_first_group,
        .examples = EXAMPLES(HIT("Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=Root;SharedAccessKey=" BODY32 BODY8 "abc="),
            HIT("DefaultEndpointsProtocol=https;AccountName=x;AccountKey=" BODY32 BODY32), HIT("SharedSecretValue = " BODY32),
            MISS("SharedAccessKeyName=RootManageSharedAccessKey"), MISS("AccountKey=short"), MISS("account key: missing")),
    },
    {
        SECRET("sec.aws_session_token", "AWS_KEY", "AWS session token"),
        .pattern = "(?<![0-9A-Za-z+/])(?:IQoJb3JpZ2lu|F[wQ]oG(?:ZXIvYXdz|ZRIv))[0-9A-Za-z+/]{64,4096}+={0,2}",
        .examples = EXAMPLES(HIT("IQoJ"
                                 "b3JpZ2lu" BODY32 BODY32 BODY8),
            HIT("token=Fwo"
                "GZXIvYXdz" BODY32 BODY32 BODY8 "=="),
            MISS("IQoJ"
                 "b3JpZ2lu" BODY32),
            MISS("xIQoJ"
                 "b3JpZ2lu" BODY32 BODY32)),
    },
    {
        SECRET("sec.aws_bedrock", "AWS_KEY", "AWS Bedrock key"),
        .pattern = WORD_START "(?:ABSK[0-9A-Za-z+/]{100,280}+={0,2}|bedrock-api-key-[0-9A-Za-z+/=_-]{20,4096}+)",
        .examples = EXAMPLES(HIT("ABS"
                                 "K" BODY32 BODY32 BODY32 BODY32),
            HIT("bedrock-api"
                "-key-" BODY32),
            MISS("ABS"
                 "K" BODY32),
            MISS("bedrock-api-key-short")),
    },
    {
        SECRET("sec.gcp_oauth", "GOOGLE_API_KEY", "Google OAuth token or client secret"),
        .pattern = WORD_START "(?:ya29\\.[0-9A-Za-z_-]{20,2048}+|GOCSPX-[0-9A-Za-z_-]{28}|1//0[0-9A-Za-z_-]{40,200}+)",
        .examples = EXAMPLES(HIT("ya"
                                 "29." BODY32),
            HIT("GOC"
                "SPX-" BODY8 BODY8 BODY8 "abcd"),
            HIT("1/"
                "/0" BODY32 BODY32),
            MISS("ya"
                 "29.short"),
            MISS("GOC"
                 "SPX-short")),
    },
    {
        SECRET("sec.gcp_sa_json", "GOOGLE_API_KEY", "Google service account key id"),
        .pattern = "private_key_id\\\\?\"[ \\t]{0,3}:[ \\t]{0,3}\\\\?\"([0-9a-f]{40})",
        .check = match_first_group,
        .examples = EXAMPLES(HIT("\"private_key_id\": \"" HEX32 HEX8 "\""), HIT("{\\\"private_key_id\\\":\\\"" HEX32 HEX8 "\\\"}"),
            MISS("\"private_key_id\": \"\""), MISS("private_key_id " HEX32 HEX8)),
    },
    {
        SECRET("sec.azure_ad_secret", "AZURE_KEY", "Azure client secret"),
        .pattern = "(?<![0-9A-Za-z_~.-])[0-9A-Za-z_~.]{3}[0-9]Q~[0-9A-Za-z_~.-]{31,34}(?![0-9A-Za-z_~-])",
        .examples = EXAMPLES(HIT("abc8"
                                 "Q~" BODY8 BODY8 BODY8 "a1B2c3D"),
            HIT("s=A.c8"
                "Q~" BODY32),
            MISS("abc8"
                 "Q~short"),
            MISS("abcd"
                 "Q~" BODY32)),
    },
    {
        SECRET("sec.azure_storage_key", "AZURE_KEY", "Azure storage or bus key"),
        .pattern = "(?:AccountKey|SharedAccessKey|SharedSecretValue|AccessKey|SharedKey)=([0-9A-Za-z+/_-]{20,128}+={0,2})",
        .caseless = true,
        .check = match_first_group,
        .examples = EXAMPLES(HIT("AccountName=x;Account"
                                 "Key=" BODY32 BODY32 BODY8 BODY8 "abcdef==;E=y"),
            HIT("Endpoint=sb://x/;SharedAccess"
                "Key=" BODY32 BODY8 "abc="),
            MISS("AccountKey=short"), MISS("AccountKeyName=RootManageSharedAccessKeyX")),
    },
    {
        SECRET("sec.azure_sas", "AZURE_KEY", "Azure shared access signature"),
        .pattern =
            "(?:SharedAccessSignature[ =]|(?<![0-9A-Za-z_])sv=20[0-9]{2}-[0-9]{2}-[0-9]{2}&)[^\\s\"'<>]{0,400}?sig=([0-9A-Za-z%+/_-]{20,128}+=?)",
        .check = match_first_group,
        .examples = EXAMPLES(HIT("sv=2022-11-02&ss=b&srt=o&sp=r&sig=" BODY32 "a1%3D"), HIT("SharedAccessSignature sr=x&sig=" BODY32 "&se=1"),
            MISS("sv=2022-11-02&ss=b"), MISS("version=2022-11-02&sig=")),
    },
    {
        SECRET("sec.openai", "OPENAI_KEY", "OpenAI key"),
        .pattern = WORD_START "sk-(?:proj-|svcacct-|admin-)?[0-9A-Za-z_-]{20,74}T3BlbkFJ[0-9A-Za-z_-]{20,74}",
        .examples = EXAMPLES(HIT("sk"
                                 "-" BODY8 BODY8 "abcd"
                                 "T3Blbk"
                                 "FJ" BODY8 BODY8 "abcd"),
            HIT("sk"
                "-proj-" BODY32 BODY8 BODY8 BODY8 "ab"
                "T3Blbk"
                "FJ" BODY32 BODY8 BODY8 BODY8 "ab"),
            MISS("sk"
                 "-" BODY32),
            MISS("sk"
                 "-abcT3Blbk"
                 "FJabc")),
    },
    {
        SECRET("sec.anthropic", "ANTHROPIC_KEY", "Anthropic key"),
        .pattern = WORD_START "sk-ant-[a-z]{3,8}[0-9]{2}-[0-9A-Za-z_-]{80,120}+",
        .examples = EXAMPLES(HIT("sk"
                                 "-ant-api03-" BODY32 BODY32 BODY8 BODY8 BODY8 "abcdeAA"),
            HIT("key sk"
                "-ant-admin01-" BODY32 BODY32 BODY32),
            MISS("sk"
                 "-ant-api03-short"),
            MISS("sk"
                 "-ant-" BODY32)),
    },
    {
        SECRET("sec.huggingface", "HUGGINGFACE_TOKEN", "Hugging Face token"),
        .pattern = WORD_START "(?:hf_|api_org_)[0-9A-Za-z]{34}" WORD_END,
        .examples = EXAMPLES(HIT("hf"
                                 "_" BODY32 "ab"),
            HIT("api"
                "_org_" BODY32 "ab"),
            MISS("hf"
                 "_" BODY32),
            MISS("shf"
                 "_" BODY32 "ab")),
    },
    {
        SECRET("sec.model_service", "MODEL_SERVICE_KEY", "Key of a model service"),
        .pattern = WORD_START
        "(?:pplx-[0-9A-Za-z]{48}|gsk_[0-9A-Za-z]{52}|r8_[0-9A-Za-z]{37}|tvly-(?:dev-|prod-)?[0-9A-Za-z]{32}|xai-[0-9A-Za-z]{80})" TOKEN_END,
        .examples = EXAMPLES(HIT("ppl"
                                 "x-" BODY32 BODY8 BODY8),
            HIT("gs"
                "k_" BODY32 BODY8 BODY8 "abcd"),
            HIT("r"
                "8_" BODY32 "abcde"),
            HIT("tv"
                "ly-dev-" BODY32),
            MISS("ppl"
                 "x-" BODY32),
            MISS("gs"
                 "k_short"),
            MISS("xr"
                 "8_" BODY32 "abcde")),
    },
    {
        SECRET("sec.cohere", "MODEL_SERVICE_KEY", "Cohere key"),
        .pattern = NAMED("cohere|co_api_key") "([0-9A-Za-z]{40})" WORD_END,
        .caseless = true,
        .check = check_cohere,
        .examples = EXAMPLES(
            HIT("cohere key " BODY32 BODY8), HIT("CO_API_KEY=" BODY32 BODY8), MISS(BODY32 BODY8), MISS("cohere " BODY32), MISS("cohere " HEX32 HEX8)),
    },
    {
        SECRET("sec.cohere_key", "MODEL_SERVICE_KEY", "Cohere key, by its key"),
        .pattern = TEXT_START "([0-9A-Za-z]{40})" TEXT_END,
        .context = WORDS("cohere", "co api key", "cohere api key"),
        .key_only = true,
        .check = check_cohere,
        .examples = EXAMPLES(HIT_IN("cohere.api_key", BODY32 BODY8), HIT_IN("CO_API_KEY", BODY32 BODY8), MISS_IN("app.id", BODY32 BODY8),
            MISS_IN("cohere.sha", HEX32 HEX8)),
    },
    {
        SECRET("sec.vault", "VAULT_TOKEN", "HashiCorp Vault token"),
        .pattern = WORD_START "(?:hv[sbr]\\.[0-9A-Za-z_-]{24,300}+|s\\.[0-9A-Za-z]{24}(?![0-9A-Za-z_.]))",
        .check = check_vault,
        .context = WORDS("vault", "vault token"),
        .examples = EXAMPLES(HIT("hv"
                                 "s." BODY32 BODY32 BODY32),
            HIT("hv"
                "b.AAAA" BODY32 BODY32 BODY32 BODY32),
            HIT("vault token s." BODY8 BODY8 BODY8),
            MISS("hv"
                 "s.short"),
            MISS("s." HEX8 HEX8 HEX8),
            MISS("xhv"
                 "s." BODY32 BODY32 BODY32)),
    },
    {
        SECRET("sec.terraform", "TERRAFORM_TOKEN", "Terraform Cloud token"),
        .pattern = WORD_START "[0-9A-Za-z]{14}\\.atlasv1\\.[0-9A-Za-z_=-]{60,70}+",
        .examples = EXAMPLES(HIT(BODY8 "e5F6g7"
                                       ".atlas"
                                       "v1." BODY32 BODY32),
            HIT("t=" BODY8 "e5F6g7"
                ".atlas"
                "v1." BODY32 BODY32 "abc"),
            MISS(BODY8 ".atlasv1." BODY32 BODY32), MISS(BODY8 "e5F6g7.atlasv1.short")),
    },
    {
        SECRET("sec.infra", "INFRASTRUCTURE_TOKEN", "Token of an infrastructure service"),
        .pattern = WORD_START "(?:pul-[0-9a-f]{40}|dp\\.(?:pt|st|ct|sa|scim|audit)\\.[0-9A-Za-z_.-]{40,60}+|do[opr]_v1_[0-9a-f]{64}|HRKU-AA[0-9A-Za-"
                              "z_-]{58}|fo1_[0-9A-Za-z_-]{43}|"
                              "fm[12][ar]?_[0-9A-Za-z+/"
                              "]{100,2048}+={0,3}|nfp_[0-9A-Za-z]{36}|pscale_(?:tkn|pw|oauth)_[0-9A-Za-z=_.-]{32,64}+|dapi[0-9a-f]{32}(?:-[0-9])?|"
                              "tskey-[a-z]{2,8}-[0-9A-Za-z_-]{20,64}+|"
                              /* Prefect, Scalingo, Infracost, Octopus Deploy, Cloudflare's origin CA, Harness, Alibaba Cloud */
                              "pnu_[0-9A-Za-z]{36}|tk-us-[0-9A-Za-z_-]{48}|ico-[0-9A-Za-z]{32}|API-[0-9A-Z]{26}|v1\\.0-[0-9a-f]{24}-[0-9a-f]{146}|"
                              "[ps]at\\.[0-9A-Za-z_-]{22}\\.[0-9A-Za-z]{24}\\.[0-9A-Za-z]{20}|LTAI[0-9A-Za-z]{20}|"
                              "sbp_[0-9a-f]{40})" WORD_END,
        .examples = EXAMPLES(HIT("pu"
                                 "l-" HEX32 HEX8),
            HIT("dp"
                ".pt." BODY32 BODY8 "abc"),
            HIT("do"
                "p_v1_" HEX32 HEX32),
            HIT("HRK"
                "U-AA" BODY32 BODY8 BODY8 BODY8 "ab"),
            HIT("fo"
                "1_" BODY32 BODY8 "abc"),
            HIT("nf"
                "p_" BODY32 "abcd"),
            HIT("pscal"
                "e_tkn_" BODY32),
            HIT("da"
                "pi" HEX32),
            MISS("da"
                 "pi" BODY32),
            HIT("pn"
                "u_" BODY32 "abcd"),
            HIT("tk"
                "-us-" BODY32 BODY8 BODY8),
            HIT("ic"
                "o-" BODY32),
            HIT("AP"
                "I-" SHOUT8 SHOUT8 SHOUT8 "AB"),
            HIT("v1"
                ".0-" HEX8 HEX8 HEX8 "-" HEX32 HEX32 HEX32 HEX32 HEX8 HEX8 "0a"),
            HIT("pa"
                "t." BODY8 BODY8 "a1B2c3." BODY8 BODY8 BODY8 "." BODY8 BODY8 "a1B2"),
            HIT("LT"
                "AI" BODY8 BODY8 "a1B2"),
            MISS("dop_v1_" HEX32), MISS("pul-short"), MISS("ico-" BODY8), MISS("API-" SHOUT8), MISS("v1.0-" HEX8), MISS("pat.a.b.c")),
    },
    {
        SECRET("sec.age", "AGE_KEY", "age secret key"),
        .pattern = WORD_START "AGE-SECRET-KEY-1[0-9A-Z]{58}" WORD_END,
        .examples = EXAMPLES(HIT("AGE-SECRET"
                                 "-KEY-1" SHOUT32 SHOUT8 SHOUT8 SHOUT8 "QP"),
            HIT("k=AGE-SECRET"
                "-KEY-1" SHOUT8 SHOUT32 SHOUT8 SHOUT8 "QP."),
            MISS("AGE-SECRET-KEY-1" SHOUT32), MISS("age-secret-key-1")),
    },
    {
        SECRET("sec.openshift", "OPENSHIFT_TOKEN", "OpenShift token"),
        .pattern = WORD_START "sha256~[0-9A-Za-z_-]{43}" TOKEN_END,
        .examples = EXAMPLES(HIT("sha25"
                                 "6~" BODY32 BODY8 "abc"),
            HIT("--token=sha25"
                "6~" BODY32 BODY8 "-_c"),
            MISS("sha256~" BODY32), MISS("sha256:" HEX32 HEX32)),
    },
    {
        /* The indented values under data or stringData, before or behind the kind. */
        SECRET("sec.k8s_secret", "KUBERNETES_SECRET", "Values of a Kubernetes secret"),
        .pattern = "(?<![A-Za-z])(?:(?:stringData|data):[ \\t]{0,8}((?:\\r?\\n[ \\t]{1,16}[^\\n]++)++)\\r?\\nkind:[ "
                   "\\t]{0,3}[\"']?Secret(?![A-Za-z])|kind:[ \\t]{0,3}[\"']?Secret[\"']?[ \\t\\r]{0,4}"
                   "\\n(?:(?!(?:stringData|data):)[^\\n]*+\\n){0,200}+(?:stringData|data):[ \\t]{0,8}((?:\\r?\\n[ \\t]{1,16}[^\\n]++)++))",
        .check = check_k8s,
        .examples = EXAMPLES(HIT("apiVersion: v1\ndata:\n  pw: aHVudGVyMg==\nkind: Secret\n"),
            HIT("kind: Secret\nmetadata:\n  name: x\nstringData:\n  pw: hunter2\n"), MISS("kind: ConfigMap\ndata:\n  a: b\n"),
            MISS("kind: SecretStore\ndata:\n  a: b\n"), MISS("kind: Secret\nmetadata:\n  name: x\n")),
    },
    {
        SECRET("sec.grafana", "GRAFANA_TOKEN", "Grafana token"),
        .pattern = WORD_START "(?:glsa_[0-9A-Za-z]{32}_[0-9A-Fa-f]{8}" WORD_END
                              "|glc_[0-9A-Za-z+/]{32,400}+={0,2}|eyJrIjoi[0-9A-Za-z]{64,400}+={0,2})",
        .examples = EXAMPLES(HIT("gls"
                                 "a_" BODY32 "_" HEX8),
            HIT("gl"
                "c_" BODY32 BODY32 "=="),
            HIT("eyJ"
                "rIjoi" BODY32 BODY32 BODY8),
            MISS("gls"
                 "a_" BODY32),
            MISS("gl"
                 "c_short"),
            MISS("eyJ"
                 "rIjoishort")),
    },
    {
        SECRET("sec.observability", "OBSERVABILITY_KEY", "Key of an observability service"),
        .pattern = WORD_START "(?:NRAK-[0-9A-Z]{27}|NRII-[0-9A-Za-z_-]{32}|NRJS-[0-9a-f]{19}|[0-9a-f]{36}NRAL|sntrys_eyJ[0-9A-Za-z+/"
                              "=_]{80,400}+|sntryu_[0-9a-f]{64}|dt0[a-z][0-9]{2}\\.[0-9A-Za-z]{24}\\.[0-9A-Za-z]{64}|"
                              "hc[a-z]ik_[0-9a-z]{26,64}+)" TOKEN_END,
        .examples = EXAMPLES(HIT("NRA"
                                 "K-" SHOUT8 SHOUT8 SHOUT8 "ABC"),
            HIT(HEX32 "0a1b"
                      "NRAL"),
            HIT("sntry"
                "u_" HEX32 HEX32),
            HIT("dt0"
                "c01." SHOUT8 SHOUT8 SHOUT8 "." SHOUT32 SHOUT32),
            MISS("NRAK-short"), MISS("dt0c01." SHOUT8), MISS("sntryu_" HEX32)),
    },
    {
        SECRET("sec.datadog", "OBSERVABILITY_KEY", "Datadog key"),
        .pattern = NAMED("(?:dd|datadog)[_ .-]?(?:api|app|client|application)[_ .-]?(?:key|token)") "([0-9a-f]{32}(?:[0-9a-f]{8})?)" WORD_END,
        .caseless = true,
        .check = match_first_group,
        .examples = EXAMPLES(HIT("DD_API_KEY=" HEX32), HIT("datadog app key: " HEX32 HEX8), MISS(HEX32), MISS("datadog trace " HEX32)),
    },
    {
        SECRET("sec.datadog_key", "OBSERVABILITY_KEY", "Datadog key, by its key"),
        .pattern = TEXT_START "[0-9A-Fa-f]{32}(?:[0-9A-Fa-f]{8})?" TEXT_END,
        .context = WORDS("dd api key", "dd app key", "datadog api key", "datadog app key", "dd client token", "dd application key", "datadog key"),
        .key_only = true,
        .examples = EXAMPLES(
            HIT_IN("DD_API_KEY", HEX32), HIT_IN("datadog.app_key", HEX32 HEX8), MISS_IN("dd.trace_id", HEX32), MISS_IN("dd.api_key", "REDACTED")),
    },
    {.id = NULL},
};
