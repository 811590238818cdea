/** A way to sign in. The hosted login is one; the tokens of a local stack are another. */
export interface SignIn {
  /** Returns an ID token. With `renew`, a new one. It leaves the page if it has to ask. */
  token(options?: { renew: boolean }): Promise<string>;
  /** Ends the session here and at the identity provider. */
  signOut(): Promise<void>;
}

/** Thrown if nobody is signed in and the page cannot go on. */
export class SignedOutError extends Error {
  constructor() {
    super("Nobody is signed in.");
    this.name = "SignedOutError";
  }
}
