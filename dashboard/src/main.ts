import { mount, type Component } from "svelte";
import { SIGNED_OUT_PATH } from "./auth/paths";
import { session } from "./auth/session.svelte";
import type { SignIn } from "./auth/sign_in";
import { router } from "./lib/router.svelte";
import Root from "./Root.svelte";
import { screenAt } from "./screens";
import StartFailed from "./screens/StartFailed.svelte";
import SignedOut from "./screens/SignedOut.svelte";
import "./ui/tokens.css";
import "./ui/base.css";

async function signIn(): Promise<SignIn> {
  // `vite build` removes this branch and its file.
  if (import.meta.env.DEV) return (await import("./auth/dev_sign_in")).devSignIn();
  const [config, { hostedSignIn }] = await Promise.all([
    fetch("/config.json").then((response) => response.json()),
    import("./auth/hosted_sign_in"),
  ]);
  return hostedSignIn(config);
}

/** Loads the screen of the address while the sign-in is on its way. */
function loadScreenEarly(): void {
  screenAt(window.location.pathname)
    ?.screen.load()
    .catch(() => undefined); // Opening it tries again, and says so.
}

async function start(): Promise<Component> {
  if (window.location.pathname === SIGNED_OUT_PATH) return SignedOut;
  loadScreenEarly();
  try {
    await session.start(await signIn());
  } catch (error) {
    console.warn(error);
    return StartFailed;
  }
  router.start();
  return Root;
}

mount(await start(), { target: document.getElementById("app") as HTMLElement });
