import {
  ErrorResponse,
  OidcClient,
  WebStorageStateStore,
  type OidcClientSettings,
  type SigninResponse,
} from "oidc-client-ts";
import { networkLost } from "../api/problems";
import { CALLBACK_PATH, SIGNED_OUT_PATH } from "./paths";
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
const TIMEOUT_SECONDS = 20;
/** Refusals that another try may pass (RFC 6749, section 4.1.2.1). Any other ends the session. */
const PASSING = ["server_error", "temporarily_unavailable"];
/** The library asks for the last profile. The page reads the new token's claims instead. */
const NO_PROFILE = { sub: "", iss: "", aud: "", exp: 0, iat: 0 };

/**
 * Signs in at the user pool's hosted login: authorization code with PKCE, by `oidc-client-ts`.
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
  readonly #client: OidcClient;
  readonly #otherTabs = new BroadcastChannel("session");
  #token = "";
  #renewAt = 0;
  #renewal: Promise<string> | null = null;

  constructor(config: SignInConfig) {
    this.#client = new OidcClient(settingsOf(config));
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
    this.#forget();
    if (refresh !== null) {
      await this.#client.revokeToken(refresh).catch(() => undefined); // It ends by itself too.
    }
    const { url } = await this.#client.createSignoutRequest({
      client_id: this.#client.settings.client_id,
      // Cognito's own name for `post_logout_redirect_uri`.
      extraQueryParams: { logout_uri: window.location.origin + SIGNED_OUT_PATH },
    });
    window.location.replace(url);
  }

  async #leave(): Promise<never> {
    const wanted = window.location.pathname + window.location.search;
    const { url } = await this.#client.createSigninRequest({ state: wanted });
    window.location.assign(url);
    return new Promise<never>(() => undefined); // The browser leaves.
  }

  /** Trades the code of the address for tokens, and goes where the person wanted to be. */
  async #finish(): Promise<void> {
    const address = window.location.href;
    // Only the tab that began a sign-in has its state, and it counts once.
    const begun = await this.#client.readSigninResponseState(address).catch(() => null);
    window.history.replaceState(null, "", addressOfThisPage(begun?.state.data));
    if (begun === null) return this.#leave();
    // After a refusal, to begin again by itself could go round and round.
    this.#keep(await answered(this.#client.processSigninResponse(address)));
  }

  async #renew(): Promise<string> {
    const refresh_token = sessionStorage.getItem(REFRESH_TOKEN);
    if (refresh_token === null) throw new SignedOutError();
    const state = { refresh_token, session_state: null, profile: NO_PROFILE };
    try {
      const answer = await answered(this.#client.useRefreshToken({ state }));
      // The person may have signed out while the answer was on its way.
      if (sessionStorage.getItem(REFRESH_TOKEN) !== refresh_token) throw new SignedOutError();
      return this.#keep(answer);
    } catch (error) {
      if (error instanceof SignedOutError) this.#forget();
      throw error;
    }
  }

  #keep({ id_token, refresh_token }: SigninResponse): string {
    if (!id_token) throw new SignedOutError();
    this.#token = id_token;
    // By the token's own length of life: the clocks of people's machines are often wrong.
    this.#renewAt = Date.now() + readLifetime(id_token) - RENEW_BEFORE_MS;
    if (refresh_token) sessionStorage.setItem(REFRESH_TOKEN, refresh_token);
    return id_token;
  }

  #forget(): void {
    this.#token = "";
    sessionStorage.removeItem(REFRESH_TOKEN);
  }
}

/** Our settings of the library. With the endpoints given, it asks for no discovery document. */
function settingsOf(config: SignInConfig): OidcClientSettings {
  const at = (path: string): string => config.sign_in_url.replace(/\/$/, "") + path;
  return {
    authority: config.issuer,
    client_id: config.client_id,
    redirect_uri: window.location.origin + CALLBACK_PATH,
    scope: "openid profile",
    metadata: {
      issuer: config.issuer,
      authorization_endpoint: at("/oauth2/authorize"),
      token_endpoint: at("/oauth2/token"),
      revocation_endpoint: at("/oauth2/revoke"),
      end_session_endpoint: at("/logout"),
    },
    // What the tab keeps until the person comes back: the state and the PKCE verifier.
    stateStore: new WebStorageStateStore({ prefix: "sign_in:", store: sessionStorage }),
    fetchRequestCredentials: "omit",
    requestTimeoutInSeconds: TIMEOUT_SECONDS,
  };
}

/** Returns the answer. An error of the library is not kept: it carries the token it was about. */
async function answered(call: Promise<SigninResponse>): Promise<SigninResponse> {
  try {
    return await call;
  } catch (error) {
    const refused = error instanceof ErrorResponse;
    if (refused && !PASSING.includes(error.error ?? "")) throw new SignedOutError();
    throw networkLost(refused ? error.error : error);
  }
}

/** Returns an address if it is one of this page. `//elsewhere.example` is another site. */
function addressOfThisPage(wanted: unknown): string {
  return typeof wanted === "string" && /^\/(?![/\\])/.test(wanted) ? wanted : "/";
}
