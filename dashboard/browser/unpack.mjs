// Unpacks the packed Chromium of @sparticuz/chromium into a folder: node unpack.mjs FOLDER
import { createReadStream, createWriteStream, chmodSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { extract } from "tar-fs";

const [target] = process.argv.slice(2);
const packed = new URL("node_modules/@sparticuz/chromium/bin/", import.meta.url);
const read = (name) => [createReadStream(new URL(name, packed)), createBrotliDecompress()];

mkdirSync(target, { recursive: true });
await Promise.all([
  pipeline(...read("chromium.br"), createWriteStream(join(target, "chromium"))),
  // NSS and expat, which a machine without a desktop lacks; fonts; software rendering.
  pipeline(...read("al2023.tar.br"), extract(join(target, "al2023"))),
  pipeline(...read("fonts.tar.br"), extract(join(target, "fonts"))),
  pipeline(...read("swiftshader.tar.br"), extract(target)),
]);
chmodSync(join(target, "chromium"), 0o755);
