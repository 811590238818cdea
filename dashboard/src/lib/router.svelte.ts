/**
 * The page's address is its state: the screen, the open panel, the search and the filters.
 *
 * A reload, a link sent to a colleague and the Back button all show the same thing.
 */

/** These query parameters stay when another screen is opened. */
const KEPT = ["studio_id"];

type QueryChange = Record<string, string | null | undefined>;

class Router {
  #path = $state(window.location.pathname);
  #search = $state(window.location.search);
  #query = $derived(new URLSearchParams(this.#search));
  #moved = false;

  /** The path of the address, such as `/orders/ord_100`. */
  get path(): string {
    return this.#path;
  }

  /** True once the page itself opened an address. A new screen then takes the focus. */
  get moved(): boolean {
    return this.#moved;
  }

  /** The value of a query parameter, or an empty string. */
  query(name: string): string {
    return this.#query.get(name) ?? "";
  }

  /** The address of another screen, for a link. The studio that a PPS admin reads is kept. */
  href(path: string, query: QueryChange = {}): string {
    const kept = KEPT.map((name) => [name, this.#query.get(name)] as const);
    return path + encode({ ...Object.fromEntries(kept), ...query });
  }

  /** The address of this screen with its query, at another path. A panel opens and closes so. */
  hrefHere(path: string, query: QueryChange = {}): string {
    return path + encode({ ...Object.fromEntries(this.#query), ...query });
  }

  /** Opens an address. With `replace`, Back skips the present one. */
  go(href: string, { replace = false }: { replace?: boolean } = {}): void {
    if (href === this.#path + this.#search) return;
    if (replace) window.history.replaceState(null, "", href);
    else window.history.pushState(null, "", href);
    this.#moved ||= !replace;
    this.#follow();
  }

  /** Changes query parameters of this screen. Null takes one away. */
  setQuery(change: QueryChange, options: { replace?: boolean } = {}): void {
    this.go(this.hrefHere(this.#path, change), options);
  }

  /** Follows the address, and opens links inside the page without loading it again. */
  start(): void {
    this.#follow(); // Signing in may have changed it.
    window.addEventListener("popstate", () => {
      this.#moved = true;
      this.#follow();
    });
    document.addEventListener("click", (event) => this.#openLink(event));
  }

  #follow(): void {
    this.#path = window.location.pathname;
    this.#search = window.location.search;
  }

  #openLink(event: MouseEvent): void {
    const plain = !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    const link = (event.target as Element | null)?.closest?.("a[href]");
    if (event.defaultPrevented || event.button !== 0 || !plain || link === null) return;
    const anchor = link as HTMLAnchorElement;
    const elsewhere = anchor.target !== "" || anchor.hasAttribute("download");
    const inside = anchor.origin === window.location.origin && !anchor.pathname.startsWith("/v1/");
    if (elsewhere || !inside || anchor.hash !== "") return;
    event.preventDefault();
    this.go(anchor.pathname + anchor.search);
  }
}

function encode(query: QueryChange): string {
  const given = Object.entries(query).filter(([, value]) => value != null && value !== "");
  const search = new URLSearchParams(given as [string, string][]).toString();
  return search === "" ? "" : `?${search}`;
}

export const router = new Router();
