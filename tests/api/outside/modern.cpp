// SPDX-License-Identifier: MIT
// C++17 against the installed tree: the session in a unique_ptr says hello.
#include <cstring>
#include <memory>
#include <string_view>

#include <smtpmail/smtpmail.h>

struct closer {
    void operator()(smail_smtp_server *session) const
    {
        smail_smtp_server_free(session);
    }
};

int main()
{
    smail_smtp_server_options options = SMAIL_SMTP_SERVER_OPTIONS_INIT;
    smail_smtp_server *made = nullptr;
    const smail_smtp_event *event = nullptr;
    smail_span input{ "", 0 };

    options.hostname = "mail.example.test";
    if (smail_smtp_server_new(&made, &options) != 0)
        return 1;
    std::unique_ptr<smail_smtp_server, closer> session(made);
    if (smail_smtp_server_feed(&event, made, &input) != 0 ||
        event->type != SMAIL_SMTP_CONNECT ||
        smail_smtp_server_accept(made) != 0)
        return 1;
    smail_span said = smail_smtp_server_output(made);
    if (std::string_view(said.data, said.len).substr(0, 4) != "220 ")
        return 1;

    smail_error err = SMAIL_ERROR_INIT;
    smail_store *store = nullptr;
    int rc = smail_store_open(&store, "sqlite::memory:", nullptr, &err);
    smail_store_close(store);
    return rc == 0 ? 0 : 1;
}
