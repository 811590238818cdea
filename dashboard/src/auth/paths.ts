/** Where the hosted login sends people back to. The user pool's client names both. */
export const CALLBACK_PATH = "/signed-in";
export const SIGNED_OUT_PATH = "/signed-out";
