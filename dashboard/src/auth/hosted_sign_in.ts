import { networkLost } from "../api/problems";
import { CALLBACK_PATH, SIGNED_OUT_PATH } from "./paths";
import { beginSignIn, finishSignIn } from "./pkce";
import { SignedOutError, type SignIn } from "./sign_in";
import { readLifetime } from "./token";

/** What `/config.json` says about the stack. */
export interface SignInConfig {
  issuer: string;
  client_id: string;
  sign_in_url: string;
}

const REFRESH_TOKEN = "session:refresh_token";
/** A token is renewed so long before it ends, so that no request carries one that ends on its way. */
const RENEW_BEFORE_MS = 60_000;

interface Tokens {
  id_token: string;
  refresh_token?: string;
}

/**
 * Signs in at the user pool's hosted login: authorization code with PKCE.
 *
 * The ID token lives in memory alone. The refresh token lives in the tab's storage, so that
 * a reload goes on without asking, and a closed tab forgets it.
 */
export async function hostedSignIn(config: SignInConfig): Promise<SignIn> {
  const session = new HostedSession(config);
  await session.begin();
  return session;
}

class HostedSession implements SignIn {
  readonly #config: SignInConfig;
  readonly #otherTabs = new BroadcastChannel("session");
  #token = "";
  #renewAt = 0;
  #renewal: Promise<string> | null = null;

  constructor(config: SignInConfig) {
    this.#config = config;
    this.#otherTabs.onmessage = () => void this.#end();
    // The Back button may bring back the page as it was before the sign-out.
    window.addEventListener("pageshow", (event) => {
      if (event.persisted && this.#token === "") window.location.reload();
    });
  }

  /** Returns once there is a token. It leaves the page if the person has to sign in. */
  async begin(): Promise<void> {
    if (window.location.pathname === CALLBACK_PATH) return this.#finish();
    if (sessionStorage.getItem(REFRESH_TOKEN) === null) return this.#leave();
    try {
      await this.token();
    } catch (error) {
      if (!(error instanceof SignedOutError)) throw error;
      await this.#leave();
    }
  }

  async token({ renew } = { renew: false }): Promise<string> {
    if (!renew && this.#token !== "" && Date.now() < this.#renewAt) return this.#token;
    // Requests at the same time share one renewal.
    this.#renewal ??= this.#renew().finally(() => (this.#renewal = null));
    return this.#renewal;
  }

  async signOut(): Promise<void> {
    this.#otherTabs.postMessage("signed out");
    await this.#end();
  }

  async #end(): Promise<void> {
    const refresh = sessionStorage.getItem(REFRESH_TOKEN);
    this.#token = "";
    sessionStorage.removeItem(REFRESH_TOKEN);
    if (refresh !== null) {
      const body = { token: refresh, client_id: this.#config.client_id };
      await this.#post("/oauth2/revoke", body).catch(() => undefined); // It ends by itself too.
    }
    const query = new URLSearchParams({
      client_id: this.#config.client_id,
      logout_uri: window.location.origin + SIGNED_OUT_PATH,
    });
    window.location.replace(this.#at(`/logout?${query}`));
  }

  async #leave(): Promise<never> {
    const here = window.location.pathname + window.location.search;
    const query = new URLSearchParams({
      ...(await beginSignIn(here)),
      client_id: this.#config.client_id,
      redirect_uri: this.#callback,
      scope: "openid profile",
    });
    window.location.assign(this.#at(`/oauth2/authorize?${query}`));
    return new Promise<never>(() => undefined); // The browser leaves.
  }

  /** Trades the code of the address for tokens, and goes where the person wanted to be. */
  async #finish(): Promise<void> {
    const finished = finishSignIn(window.location.search);
    window.history.replaceState(null, "", finished?.wanted ?? "/");
    if (finished === null) return this.#leave();
    const response = await this.#post("/oauth2/token", {
      grant_type: "authorization_code",
      client_id: this.#config.client_id,
      code: finished.code,
      code_verifier: finished.verifier,
      redirect_uri: this.#callback,
    });
    // To begin again by itself could go round and round.
    if (!response.ok) throw new SignedOutError();
    this.#keep((await response.json()) as Tokens);
  }

  async #renew(): Promise<string> {
    const refresh = sessionStorage.getItem(REFRESH_TOKEN);
    if (refresh === null) throw new SignedOutError();
    const response = await this.#post("/oauth2/token", {
      grant_type: "refresh_token",
      client_id: this.#config.client_id,
      refresh_token: refresh,
    });
    if (response.status === 400 || response.status === 401) {
      this.#token = "";
      sessionStorage.removeItem(REFRESH_TOKEN);
      throw new SignedOutError();
    }
    if (!response.ok) throw networkLost(`The sign-in answered ${response.status}.`);
    return this.#keep((await response.json()) as Tokens);
  }

  #keep(tokens: Tokens): string {
    this.#token = tokens.id_token;
    // By the token's own length of life: the clocks of people's machines are often wrong.
    this.#renewAt = Date.now() + readLifetime(tokens.id_token) - RENEW_BEFORE_MS;
    if (tokens.refresh_token) sessionStorage.setItem(REFRESH_TOKEN, tokens.refresh_token);
    return this.#token;
  }

  async #post(path: string, body: Record<string, string>): Promise<Response> {
    try {
      return await fetch(this.#at(path), {
        method: "POST",
        body: new URLSearchParams(body),
        credentials: "omit",
        cache: "no-store",
      });
    } catch (error) {
      throw networkLost(error);
    }
  }

  get #callback(): string {
    return window.location.origin + CALLBACK_PATH;
  }

  #at(path: string): string {
    return this.#config.sign_in_url.replace(/\/$/, "") + path;
  }
}
