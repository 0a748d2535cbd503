/* SPDX-License-Identifier: MIT */
/* verify/domain_srv.c - where mail programs find us: nice to have (RFC 6186,
   3.1; RFC 8620, 2.2). */
#include <string.h>

#include "dns/record.h"
#include "verify/domain_internal.h"

static const struct {
    const char *service;
    unsigned port;
    const char *what;
} services[] = {
    { "_submissions._tcp", 465, "where to send mail" },
    { "_jmap._tcp", 443, "where to read it" },
};

static void look(struct smail__domain_run *run, struct smail__check *check,
                 const struct smail__dns_answer *answer)
{
    bool is_ours = false, is_none = false;

    for (size_t i = 0; i < answer->count; i++) {
        struct smail__dns_srv srv;

        if (smail__dns_read_srv(&srv, answer->records[i]) != 0)
            continue;
        smail__check_found(check, SMAIL__DNS_SRV, answer->records[i]);
        is_ours = is_ours || strcmp(srv.host, run->facts->hostname) == 0;
        is_none = is_none || srv.host[0] == '\0';
    }
    if (is_none)
        smail__check_say(check, SMAIL__CHECK_OK,
                         "It says that there is no such service.");
    else if (is_ours)
        smail__check_say(check, SMAIL__CHECK_OK,
                         "Mail programs find %s by themselves.",
                         run->facts->hostname);
    else
        smail__check_say(check, SMAIL__CHECK_WARNING,
                         "It does not name %s: mail programs ask another "
                         "host.",
                         run->facts->hostname);
}

void smail__check_services(struct smail__domain_run *run)
{
    for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++) {
        char owner[SMAIL__DNS_NAME_ROOM];
        struct smail__check *check;
        const struct smail__dns_answer *answer;

        smail__format(owner, sizeof(owner), "%s.%s", services[i].service,
                      run->facts->domain);
        check = smail__check_begin(run, "SRV", "SRV", owner);
        smail__check_expect(check, "%s. 3600 IN SRV 0 1 %u %s.", owner,
                            services[i].port, run->facts->hostname);
        answer = smail__check_ask(run, check, owner, SMAIL__DNS_SRV);
        if (answer == NULL)
            continue;
        if (answer->count > 0)
            look(run, check, answer);
        else
            smail__check_say(check, SMAIL__CHECK_OPTIONAL,
                             "With it mail programs find out by themselves "
                             "%s.",
                             services[i].what);
    }
}
