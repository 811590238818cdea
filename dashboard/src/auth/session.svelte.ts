import { useCredentials } from "../api/client";
import { router } from "../lib/router.svelte";
import { readIdToken, type Identity, type Role } from "./token";
import type { SignIn } from "./sign_in";

/** The studio that the page shows, and how to show its money and times. */
export interface StudioProfile {
  studioId: string | null;
  studioName: string;
  timeZone: string;
  currency: string;
}

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
  | "read_adjustments";

const READERS: readonly Role[] = ["owner", "staff", "bookkeeper", "pps_admin"];
const DESK: readonly Role[] = ["owner", "staff"];

/** As in docs/roles.md, for the first paint. */
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
};

/** Who is signed in, which studio they see, and what they may do. */
class Session {
  #identity = $state<Identity | null>(null);
  #profile = $state<StudioProfile | null>(null);
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

  get user(): string {
    return this.#identity?.user ?? "";
  }

  /** What the page calls the user. */
  get userName(): string {
    return this.user;
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
    return this.#profile?.studioName ?? this.studioId ?? "";
  }

  /** The studio's zone. All times are shown in it. */
  get timeZone(): string {
    return this.#profile?.timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  }

  /** How many decimals a currency has. */
  digits(currency: string): number {
    const format = new Intl.NumberFormat("en", { style: "currency", currency });
    return format.resolvedOptions().maximumFractionDigits ?? 2;
  }

  may(action: Action): boolean {
    return this.roles.some((role) => ALLOWED[action].includes(role));
  }

  async signOut(): Promise<void> {
    await this.#signIn?.signOut();
  }
}

export const session = new Session();
