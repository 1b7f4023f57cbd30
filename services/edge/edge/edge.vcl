# The shop's edge. `python3 -m edge.varnish` fills in what stands in braces after a dollar sign.
#
# A request's way: what is public (GET of /, /assets/*, /api/products*) is looked up without its cookies; all else passes.
# What a backend's Cache-Control says holds: s-maxage is how long an answer is fresh, stale-while-revalidate how long it is
# served after that while one request renews it, stale-if-error how long it is served while its backend does not answer.
vcl 4.1;

import std;
import xkey;

backend storefront {
    .host = "${storefront_host}";
    .port = "${storefront_port}";
    .host_header = "${storefront_host}";
    .connect_timeout = 1s;
    .first_byte_timeout = 5s;
    .between_bytes_timeout = 5s;
    .probe = { .url = "/healthz"; .interval = ${probe_seconds}s; .timeout = 1s; .window = 3; .threshold = 2; .initial = 2; }
}

backend shopapi {
    .host = "${shopapi_host}";
    .port = "${shopapi_port}";
    .host_header = "${shopapi_host}";
    .connect_timeout = 1s;
    .first_byte_timeout = 5s;
    .between_bytes_timeout = 5s;
    .probe = { .url = "/healthz"; .interval = ${probe_seconds}s; .timeout = 1s; .window = 3; .threshold = 2; .initial = 2; }
}

sub vcl_recv {
    if (req.restarts == 0) {
        unset req.http.X-Edge-Public;  # ours, nobody else's
        unset req.http.X-Edge-Renew;
        unset req.http.X-Edge-Spare;
    }

    # Purges come by a socket in the pod's own directory, from who can read the token there.
    if (local.socket == "purge") {
        if (req.method != "PURGE" || req.http.X-Purge-Token != "${token}") {
            return (synth(403, "Forbidden"));
        }
        set req.http.X-Purged = xkey.purge(req.http.xkey);
        return (synth(200, "Purged"));
    }
    if (req.method !~ "^(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$$$$") {
        return (synth(405, "Method Not Allowed"));
    }
    if (req.url == "/healthz") {
        return (synth(200, "OK"));
    }
    if (req.url ~ "^/(metrics|readyz)([?].*)?$$$$") {
        return (synth(404, "Not Found"));
    }

    # The mesh routes by this name; by what name people came is told apart.
    if (req.restarts == 0) {
        set req.http.X-Forwarded-Host = req.http.Host;
    }
    if (req.url ~ "^/api(/|[?]|$$$$)") {
        set req.backend_hint = shopapi;
        set req.http.Host = "${shopapi_host}";
    } else {
        set req.backend_hint = storefront;
        set req.http.Host = "${storefront_host}";
    }

    if (req.method !~ "^(GET|HEAD)$$$$" || req.http.Authorization || req.url !~ "^/([?]|$$$$|assets/|api/products([/?]|$$$$))") {
        return (pass);
    }
    set req.http.X-Edge-Public = "1";
    unset req.http.Cookie;
    if (req.url ~ "^/api/") {
        set req.url = std.querysort(req.url);
    } else {
        set req.url = regsub(req.url, "[?].*$$$$", "");
    }
    if (req.http.X-Edge-Renew) {
        set req.grace = 0s;
    } else {
        set req.grace = 1w;  # as long as it is kept
    }
    return (hash);
}

sub vcl_hash {
    hash_data(req.http.Host + " " + req.url);
    return (lookup);
}

sub vcl_hit {
    # Varnish serves stale answers as long as they are at hand; past stale-while-revalidate only if nothing else is to be had.
    if (obj.ttl <= 0s && obj.ttl + std.duration(obj.http.X-Edge-Stale, 0s) <= 0s
        && std.healthy(req.backend_hint) && !req.http.X-Edge-Spare && !req.http.X-Edge-Renew) {
        set req.http.X-Edge-Renew = "1";
        return (restart);
    }
}

sub vcl_miss {
    if (req.http.X-Edge-Spare) {
        return (synth(503, "Service Unavailable"));  # it was just asked, in vain
    }
}

sub vcl_backend_response {
    if (beresp.status >= 500) {
        if (bereq.http.X-Edge-Public) {
            return (abandon);  # an answer, even this one, would take the place of what is at hand
        }
        set beresp.uncacheable = true;
        set beresp.ttl = 0s;
        return (deliver);
    }
    if (bereq.http.X-Edge-Public) {
        # Asked without a cookie, a backend may open a session: it would take the place of the visitor's own.
        unset beresp.http.Set-Cookie;
        if (beresp.http.Cache-Control ~ "stale-while-revalidate=[0-9]") {
            set beresp.http.X-Edge-Stale = regsub(beresp.http.Cache-Control, "^.*stale-while-revalidate=([0-9]+).*$$$$", "\1s");
        }
        set beresp.grace = std.duration(regsub(beresp.http.Cache-Control, "^.*stale-if-error=([0-9]+).*$$$$", "\1s"), ${spare_seconds}s);
        set beresp.keep = 60s;
        if (beresp.http.Content-Type ~ "^(text/|application/(json|javascript|problem[+]json))|[+]xml") {
            set beresp.do_gzip = true;
        }
    }
}

sub vcl_backend_error {
    if (bereq.http.X-Edge-Public) {
        return (abandon);
    }
}

sub vcl_deliver {
    if (!req.http.X-Edge-Public) {
        set resp.http.X-Cache = "PASS";
    } else if (obj.hits == 0) {
        set resp.http.X-Cache = "MISS";
    } else if (obj.ttl > 0s) {
        set resp.http.X-Cache = "HIT";
    } else {
        set resp.http.X-Cache = "STALE";
    }
    unset resp.http.xkey;
    unset resp.http.Surrogate-Key;
    unset resp.http.X-Edge-Stale;
    unset resp.http.X-Varnish;
    unset resp.http.Via;
}

sub vcl_synth {
    # The backend failed: what is at hand, however old it may be within stale-if-error, is better than that.
    if (resp.status == 503 && req.http.X-Edge-Public && !req.http.X-Edge-Spare) {
        unset req.http.X-Edge-Renew;
        set req.http.X-Edge-Spare = "1";
        return (restart);
    }
    set resp.http.X-Cache = "EDGE";
    set resp.http.Cache-Control = "no-store";
    if (req.http.X-Purged) {
        set resp.http.X-Purged = req.http.X-Purged;
    }
    if (resp.status == 503) {
        set resp.http.Retry-After = "5";
        if (req.url !~ "^/api/") {
            set resp.http.Content-Type = "text/html; charset=utf-8";
            synthetic({"${degraded}"});
            return (deliver);
        }
    }
    set resp.http.Content-Type = "application/problem+json";
    synthetic({"{"type": "about:blank", "title": ""} + resp.reason + {"", "status": "} + resp.status + {"}"});
    return (deliver);
}
