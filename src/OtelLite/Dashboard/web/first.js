// The default view's figures are asked for while the page is still being read; app.js takes the answer. What else an address may say, it knows alone.
if (location.hash === "") globalThis.firstAnswer = { query: "since=scrape", answer: fetch("/api/summary?since=scrape") };
