/* SPDX-License-Identifier: MIT */
/* net/watch.c - see net/watch.h. */
#include "net/watch.h"

#include <stdlib.h>
#include <uv.h>

#include "base/error.h"

struct smail__watch {
    uv_fs_event_t event;
    void (*changed)(void *user);
    void *user;
};

static void on_event(uv_fs_event_t *event, const char *name, int events,
                     int status)
{
    struct smail__watch *watch = event->data;

    (void)name;
    (void)events;
    if (status == 0)
        watch->changed(watch->user);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

int smail__watch_open(struct smail__watch **out, struct smail__loop *loop,
                      const char *path, void (*changed)(void *user), void *user,
                      smail_error *err)
{
    struct smail__watch *watch = calloc(1, sizeof(*watch));
    int rc;

    if (watch == NULL)
        return smail__fail(err, SMAIL_ENOMEM, "no memory to watch '%s'", path);
    watch->changed = changed;
    watch->user = user;
    watch->event.data = watch;
    rc = uv_fs_event_init(smail__loop_uv(loop), &watch->event);
    if (rc != 0) {
        free(watch);
        return smail__fail_os(err, SMAIL_EIO, -rc, "cannot watch '%s': %s",
                              path, uv_strerror(rc));
    }
    rc = uv_fs_event_start(&watch->event, on_event, path, 0);
    if (rc != 0) {
        smail__watch_close(watch);
        return smail__fail_os(err, SMAIL_EIO, -rc, "cannot watch '%s': %s",
                              path, uv_strerror(rc));
    }
    *out = watch;
    return 0;
}

void smail__watch_close(struct smail__watch *watch)
{
    if (watch != NULL)
        uv_close((uv_handle_t *)&watch->event, on_closed);
}
