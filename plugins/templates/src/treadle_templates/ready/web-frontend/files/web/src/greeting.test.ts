import { expect, test } from "vitest";

import { askGreeting } from "./greeting";

const answering = (status: number, body: string): typeof fetch => {
  return () => Promise.resolve(new Response(body, { status }));
};

test("the service's words are shown", async () => {
  expect(await askGreeting("Ada", answering(200, '{"message": "Good day, Ada"}'))).toBe("Good day, Ada");
});

test("without a service the page greets by itself", async () => {
  expect(await askGreeting("Ada", () => Promise.reject(new Error("refused")))).toBe("Hello, Ada!");
  expect(await askGreeting("Ada", answering(500, ""))).toBe("Hello, Ada!");
});
