/** Longer waits do not help: the page is busy then, and a click loads the code itself. */
const AT_MOST_MS = 2_000;

/**
 * Loads code ahead of its use, once the page has nothing else to do.
 *
 * A failure is not reported here: opening what needs the code loads it again, and says so.
 */
export function preloadWhenIdle(...loads: (() => Promise<unknown>)[]): void {
  const load = () => loads.forEach((each) => each().catch(() => undefined));
  // Safari has no idle callbacks.
  if ("requestIdleCallback" in window) requestIdleCallback(load, { timeout: AT_MOST_MS });
  else setTimeout(load, AT_MOST_MS);
}
