import { mount } from "svelte";
import { session } from "./auth/session.svelte";
import type { SignIn } from "./auth/sign_in";
import { router } from "./lib/router.svelte";
import Root from "./Root.svelte";
import "./ui/tokens.css";
import "./ui/base.css";

async function chosenSignIn(): Promise<SignIn> {
  // `vite build` removes this branch and its file.
  if (import.meta.env.DEV) return (await import("./auth/dev_sign_in")).devSignIn();
  throw new Error("The hosted login is not built in yet.");
}

await session.start(await chosenSignIn());
router.start();
mount(Root, { target: document.getElementById("app") as HTMLElement });
