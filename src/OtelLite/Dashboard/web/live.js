// Follows /api/live: the figures come by themselves after each commit. Losing the server is shown at once and mended by itself.

const RETRY_MS = 1000;
const SILENT_MS = 35_000; // a server that runs says so every 15 s

/**
 * Follows one scope until stopped. A hidden page closes its stream (a browser allows six per host) and catches up when it is shown.
 * @param {string} query
 * @param {(summary: object) => void} onSummary
 * @param {(state: "live"|"reconnecting", reason?: string) => void} onState
 * @returns {() => void} stops
 */
export function follow(query, onSummary, onState) {
  let source = null;
  let retry = 0;
  let watch = 0;

  // A server that hangs, and a machine that slept, close nothing.
  const heard = () => {
    clearTimeout(watch);
    watch = setTimeout(() => lost("Nothing is heard of OtelLite"), SILENT_MS);
  };

  const open = () => {
    close();
    if (document.hidden) return;
    source = new EventSource(`/api/live?${query}`);
    heard();
    source.addEventListener("here", () => {
      heard();
      onState("live");
    });
    source.addEventListener("summary", (event) => {
      heard();
      onState("live");
      onSummary(JSON.parse(event.data));
    });
    source.addEventListener("closing", () => lost("OtelLite was stopped"));
    source.addEventListener("error", () => lost());
  };

  const close = () => {
    source?.close();
    source = null;
    clearTimeout(retry);
    clearTimeout(watch);
  };

  const lost = (reason) => {
    close();
    onState("reconnecting", reason);
    retry = setTimeout(open, RETRY_MS);
  };

  document.addEventListener("visibilitychange", open);
  open();
  return () => {
    document.removeEventListener("visibilitychange", open);
    close();
  };
}
