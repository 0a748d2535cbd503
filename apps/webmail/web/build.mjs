/* SPDX-License-Identifier: MIT */
/*
 * Builds the page into dist/: files with hashed names, each also packed, and
 * manifest.json, which says how the server has to give them out. The security
 * policies stand here; docs/http.md ("Page security") says why they are so.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const out = process.argv.includes("--out") ? process.argv[process.argv.indexOf("--out") + 1] : join(here, "dist");
/* Made beside it and put in its place when whole. */
const dist = `${out}.new`;
const debug = process.argv.includes("--debug");

const PAGE_POLICY = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data: blob:",
    "connect-src 'self'",
    "font-src 'self'",
    "frame-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types smtpmail",
].join("; ");

const framePolicy = (images) =>
    [
        "sandbox allow-scripts allow-popups allow-popups-to-escape-sandbox",
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'unsafe-inline'",
        `img-src ${images}`,
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "require-trusted-types-for 'script'",
        "trusted-types smtpmail",
    ].join("; ");

const frameFields = (images) =>
    fields({
        "Content-Security-Policy": framePolicy(images),
        "X-Frame-Options": "SAMEORIGIN",
        "X-DNS-Prefetch-Control": "off",
    });

function fields(lines) {
    return Object.entries(lines)
        .map(([name, value]) => `${name}: ${value}\n`)
        .join("");
}

/* "icon:NAME": the shapes of one drawing of bootstrap-icons, as data. */
const icons = {
    name: "icons",
    setup(setup) {
        setup.onResolve({ filter: /^icon:/ }, ({ path }) => ({ path: path.slice(5), namespace: "icon" }));
        setup.onLoad({ filter: /.*/, namespace: "icon" }, async ({ path }) => {
            const svg = await readFile(join(here, "node_modules/bootstrap-icons/icons", `${path}.svg`), "utf8");
            const shapes = [...svg.matchAll(/<(path|circle|rect)\s([^>]*?)\/?>/g)].map(([, tag, text]) => [
                tag,
                Object.fromEntries([...text.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value])),
            ]);
            if (shapes.length === 0) throw new Error(`no shapes in icon ${path}`);
            return { contents: JSON.stringify(shapes), loader: "json" };
        });
    },
};

const common = {
    absWorkingDir: here,
    bundle: true,
    minify: !debug,
    sourcemap: debug ? "inline" : false,
    write: false,
    target: ["es2022", "chrome111", "firefox115", "safari16.4"],
    format: "iife",
    legalComments: "none",
    loader: { ".svg": "dataurl" },
    plugins: [icons],
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "warning",
};

async function bundle(entry, options = {}) {
    const result = await build({ ...common, ...options, entryPoints: [entry], outdir: "dist" });
    return Buffer.from(result.outputFiles[0].contents);
}

const manifest = [];

async function put(path, type, bytes, options = {}) {
    const file = join(dist, path);
    const packed = options.packed === false ? null : gzipSync(bytes, { level: 9 });
    const gzip = packed !== null && packed.length < bytes.length * 0.95;
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
    if (gzip) await writeFile(`${file}.gz`, packed);
    manifest.push({
        path: `/${path}`,
        type,
        immutable: options.immutable ?? false,
        gzip: gzip ? `/${path}.gz` : null,
        fields: options.fields ?? "",
    });
    return { size: bytes.length, packed: gzip ? packed.length : bytes.length };
}

async function asset(name, ending, type, bytes, more = {}) {
    const hash = createHash("sha256").update(bytes).digest("hex").slice(0, 12);
    const path = `assets/${name}-${hash}.${ending}`;
    const sizes = await put(path, type, bytes, { immutable: true, ...more });
    console.log(`${path.padEnd(34)} ${String(sizes.size).padStart(8)} ${String(sizes.packed).padStart(8)} packed`);
    return `/${path}`;
}

async function html(name, values, more) {
    let text = await readFile(join(here, "public", name), "utf8");
    text = text.replace(/%(\w+)%/g, (_, key) => values[key]);
    return Buffer.from(text);
}

await rm(dist, { recursive: true, force: true });
const crossOrigin = { fields: fields({ "Cross-Origin-Resource-Policy": "cross-origin" }) };
const js = "text/javascript; charset=utf-8";
const values = {
    app: await asset("app", "js", js, await bundle("src/main.tsx")),
    theme: await asset("theme", "js", js, await bundle("src/theme.ts")),
    frame: await asset("frame", "js", js, await bundle("src/frame.ts"), crossOrigin),
    style: await asset("app", "css", "text/css; charset=utf-8", await bundle("src/style/app.css")),
    icon: await asset("icon", "svg", "image/svg+xml", await readFile(join(here, "public/icon.svg"))),
    frameStyle: (await bundle("src/style/frame.css")).toString().trim(),
};
const page = "text/html; charset=utf-8";
const pageFields = fields({ "Content-Security-Policy": PAGE_POLICY, "X-DNS-Prefetch-Control": "off" });
await put("index.html", page, await html("index.html", values), { fields: pageFields });
const frame = await html("frame.html", values);
await put("frame/mail.html", page, frame, { fields: frameFields("data:") });
await put("frame/mail-remote.html", page, frame, { fields: frameFields("data: https: http:") });
await writeFile(join(dist, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
await rm(out, { recursive: true, force: true });
await rename(dist, out);
