/** What a route's path matched, such as `{ orderId: "ord_100" }`. */
export type RouteParams = Record<string, string>;

/**
 * Returns the parameters if a path matches a pattern, and null if not.
 *
 * A pattern's `:name` matches one part of the path. A part that ends in `?` may be missing.
 */
export function matchPath(pattern: string, path: string): RouteParams | null {
  const wanted = parts(pattern);
  const given = parts(path);
  if (given.length > wanted.length) return null;
  const params: RouteParams = {};
  for (const [index, part] of wanted.entries()) {
    const optional = part.endsWith("?");
    const name = part.replace(/^:|\?$/g, "");
    const value = given[index];
    if (value === undefined) {
      if (optional) continue;
      return null;
    }
    if (!part.startsWith(":")) {
      if (value !== name) return null;
      continue;
    }
    const decoded = decode(value);
    if (decoded === null) return null;
    params[name] = decoded;
  }
  return params;
}

/** Returns a path with each parameter encoded: `path("orders", "a/b")` is `/orders/a%2Fb`. */
export function path(...segments: string[]): string {
  return `/${segments.map(encodeURIComponent).join("/")}`;
}

function parts(path: string): string[] {
  return path.split("/").filter((part) => part !== "");
}

function decode(part: string): string | null {
  try {
    return decodeURIComponent(part);
  } catch {
    return null; // A `%` that encodes nothing.
  }
}
