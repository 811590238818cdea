import { useCredentials, type Schema } from "../api/client";
import { router } from "../lib/router.svelte";
import { readIdToken, type Identity, type Role } from "./token";
import type { SignIn } from "./sign_in";

export type Me = Schema<"MeView">;
type Studio = NonNullable<Me["studio"]>;

/** What a user may do, by the API's codes. The API decides; the page only hides. */
export type Action =
  | "read_orders"
  | "request_refund"
  | "read_refund"
  | "cancel_fulfillment"
  | "read_print_queue"
  | "work_print_queue"
  | "send_message"
  | "read_reports"
  | "read_payouts"
  | "read_attention"
  | "resolve"
  | "read_adjustments"
  | "read_studios"
  | "read_users"
  | "manage_users";

const READERS: readonly Role[] = ["owner", "staff", "bookkeeper", "pps_admin"];
const DESK: readonly Role[] = ["owner", "staff"];

/** As in docs/roles.md, for the first paint. Then the API's own list holds. */
const ALLOWED: Record<Action, readonly Role[]> = {
  read_orders: READERS,
  request_refund: DESK,
  read_refund: READERS,
  cancel_fulfillment: DESK,
  read_print_queue: ["owner", "staff", "print_operator", "pps_admin"],
  work_print_queue: ["owner", "print_operator"],
  send_message: DESK,
  read_reports: READERS,
  read_payouts: ["owner", "bookkeeper", "pps_admin"],
  read_attention: READERS,
  resolve: DESK,
  read_adjustments: ["owner", "bookkeeper", "pps_admin"],
  read_studios: ["pps_admin"],
  read_users: ["owner", "pps_admin"],
  manage_users: ["owner"],
};

/** Who is signed in, which studio they see, and what they may do. */
class Session {
  #identity = $state<Identity | null>(null);
  #me = $state.raw<Me | null>(null);
  #signIn: SignIn | null = null;

  /** Signs in. It returns when the first request can be sent. */
  async start(signIn: SignIn): Promise<void> {
    this.#signIn = signIn;
    useCredentials({
      token: (options) => signIn.token(options),
      studioId: () => (this.isPpsAdmin ? router.query("studio_id") || null : null),
    });
    this.#identity = readIdToken(await signIn.token());
  }

  /** Takes over what the API says about the user and the studio. */
  know(me: Me): void {
    this.#me = me;
  }

  get user(): string {
    return this.#identity?.user ?? "";
  }

  /** What the page calls the user. */
  get userName(): string {
    return this.#me?.display_name ?? this.user;
  }

  get roles(): readonly Role[] {
    return this.#identity?.roles ?? [];
  }

  get isPpsAdmin(): boolean {
    return this.roles.includes("pps_admin");
  }

  /** The studio whose data is shown, or null while a PPS admin has chosen none. */
  get studioId(): string | null {
    return this.isPpsAdmin ? router.query("studio_id") || null : (this.#identity?.studioId ?? null);
  }

  get studioName(): string {
    return this.studio?.name ?? this.studioId ?? "";
  }

  /** The studio as the API describes it, or null until it did. */
  get studio(): Studio | null {
    const studio = this.#me?.studio ?? null;
    return studio?.studio_id === this.studioId ? studio : null;
  }

  /** The studio's zone, or null until the API has named it. All times are shown in it. */
  get knownTimeZone(): string | null {
    return this.studio?.time_zone ?? null;
  }

  get timeZone(): string {
    return this.knownTimeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  /** The most of one order that the user may refund, in minor units. Null is no limit. */
  get refundLimit(): number | null {
    return this.#me?.refund_limit_amount ?? null;
  }

  /** What a refund may be for. Empty until the API has named them. */
  get refundReasons(): Me["refund_reasons"] {
    return this.#me?.refund_reasons ?? [];
  }

  /** How many decimals a currency has. */
  digits(currency: string): number {
    if (currency === this.studio?.currency) return this.studio.minor_unit_digits;
    const format = new Intl.NumberFormat("en", { style: "currency", currency });
    return format.resolvedOptions().maximumFractionDigits ?? 2;
  }

  may(action: Action): boolean {
    if (this.#me !== null) return this.#me.actions.includes(action);
    return this.roles.some((role) => ALLOWED[action].includes(role));
  }

  async signOut(): Promise<void> {
    await this.#signIn?.signOut();
  }
}

export const session = new Session();
