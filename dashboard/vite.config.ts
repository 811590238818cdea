import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig, type Plugin, type ProxyOptions, type Rolldown } from "vite";

/** What `make run` writes about a running stack. `STACK=` names another file. */
const STACK_FILE = process.env.STACK ?? new URL("../.local/stack.json", import.meta.url);

interface StackFile {
  api_url: string;
  tokens: Record<string, Record<string, string>>;
}

function runningStack(): StackFile {
  try {
    return JSON.parse(readFileSync(STACK_FILE, "utf-8")) as StackFile;
  } catch {
    throw new Error(
      `No stack is running: ${String(STACK_FILE)} is missing. Start one with "make run".`,
    );
  }
}

/** Gives the page of `vite dev` the tokens of the running stack, at /dev/tokens.json. */
function stackTokens(): Plugin {
  return {
    name: "stack-tokens",
    apply: "serve",
    configureServer(server) {
      if (server.config.mode !== "test") runningStack();
      server.middlewares.use("/dev/tokens.json", (_request, response) => {
        response.setHeader("Content-Type", "application/json");
        response.setHeader("Cache-Control", "no-store");
        response.end(JSON.stringify(runningStack().tokens));
      });
    },
  };
}

/** Sends /v1 to the API of the running stack, so that the page and the API have one origin. */
function apiProxy(): Record<string, ProxyOptions> {
  const url = new URL(runningStack().api_url);
  return {
    "/v1": {
      target: url.origin,
      changeOrigin: true,
      rewrite: (path) => url.pathname.replace(/\/$/, "") + path.slice("/v1".length),
    },
  };
}

/** Lets the browser fetch the sign-in, which every visit needs, along with the page. */
function preloadSignIn(): Plugin {
  return {
    name: "preload-sign-in",
    apply: "build",
    transformIndexHtml: (_html, { bundle = {} }) =>
      Object.values(bundle)
        .filter((file) => file.type === "chunk" && file.name === "hosted_sign_in")
        .map(({ fileName }) => ({
          tag: "link",
          attrs: { rel: "modulepreload", crossorigin: true, href: `/${fileName}` },
          injectTo: "head",
        })),
  };
}

/** Names the hash of each script and style of a page, so that no other content is taken for it. */
function subresourceIntegrity(): Plugin {
  return {
    name: "subresource-integrity",
    apply: "build",
    writeBundle({ dir = "" }, bundle) {
      for (const page of Object.keys(bundle).filter((name) => name.endsWith(".html"))) {
        const html = readFileSync(join(dir, page), "utf-8");
        const hashed = html.replace(
          /(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/g,
          (found, name) => {
            const hash = createHash("sha384").update(readFileSync(join(dir, name)));
            return `${found} integrity="sha384-${hash.digest("base64")}"`;
          },
        );
        writeFileSync(join(dir, page), hashed);
      }
    },
  };
}

const PAGE = fileURLToPath(new URL("src/main.ts", import.meta.url));
const FIRST_SCREEN = fileURLToPath(new URL("src/screens/orders/", import.meta.url));

/**
 * Puts what the page and its first screen import into one file.
 *
 * Split by who shares it, the same code is a dozen files: each is a request, and gzip
 * finds less in small files.
 */
function firstLoad(): (id: string, modules: Rolldown.ChunkingContext) => string | null {
  let needed: Set<string> | null = null;
  return (id, modules) => {
    if (needed === null) {
      needed = new Set();
      const add = (module: string): void => {
        if (needed?.has(module)) return;
        needed?.add(module);
        modules.getModuleInfo(module)?.importedIds.forEach(add);
      };
      add(PAGE);
      add(`${FIRST_SCREEN}AllOrders.svelte`);
    }
    return needed.has(id) && id !== PAGE && !id.startsWith(FIRST_SCREEN) ? "page" : null;
  };
}

/** Nobody turns on the log of `oidc-client-ts`. Without it the first load is 0.7 kB smaller. */
const UNUSED_LOG = ["debug", "info", "warn", "error"].map((level) => `logger2.${level}`);

export default defineConfig({
  plugins: [svelte(), stackTokens(), preloadSignIn(), subresourceIntegrity()],
  server: existsSync(STACK_FILE) ? { proxy: apiProxy() } : {},
  build: {
    outDir: "../build/dashboard",
    emptyOutDir: true,
    manifest: true,
    target: "es2022",
    sourcemap: false,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      treeshake: { manualPureFunctions: UNUSED_LOG },
      output: { codeSplitting: { groups: [{ name: firstLoad(), debugName: "page" }] } },
    },
  },
});
