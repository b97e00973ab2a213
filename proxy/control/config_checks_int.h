/* Readers and checks that the tables of the gateway file name. */
#ifndef CONTROL_CONFIG_CHECKS_INT_H
#define CONTROL_CONFIG_CHECKS_INT_H

#include "config_int.h"

void config_read_version(struct config_reader *r, const struct conf_node *n, void *to);
void config_read_server_tls(struct config_reader *r, const struct conf_node *n, void *to);
void config_read_client_tls(struct config_reader *r, const struct conf_node *n, void *to);
void config_read_headers(struct config_reader *r, const struct conf_node *n, void *to);
void config_read_enrichment(struct config_reader *r, const struct conf_node *n, void *to);

void config_check_receiver(struct config_reader *r, const struct conf_node *n, void *item);
void config_check_protocols(struct config_reader *r, const struct conf_node *n, void *item);
void config_check_source(struct config_reader *r, const struct conf_node *n, void *item);
void config_check_policies(struct config_reader *r, const struct conf_node *n, void *item);
void config_check_trust_key(struct config_reader *r, const struct conf_node *n, void *item);
void config_check_trust(struct config_reader *r, const struct conf_node *n, void *item);
void config_check_key(struct config_reader *r, const struct conf_node *n, void *item);
void config_check_identity(struct config_reader *r, const struct conf_node *n, void *item);
void config_check_exporter(struct config_reader *r, const struct conf_node *n, void *item);
void config_check_metrics(struct config_reader *r, const struct conf_node *n, void *item);
void config_check_root(struct config_reader *r, const struct conf_node *n, void *item);

#endif
