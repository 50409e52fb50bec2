/** What the service answers. */
interface Greeting {
  message: string;
}

/** Ask the service to greet someone; without a service the page says it by itself. */
export async function askGreeting(name: string, ask: typeof fetch = fetch): Promise<string> {
  try {
    const answer = await ask(`/api/greetings/${encodeURIComponent(name)}`);
    if (answer.ok) {
      return ((await answer.json()) as Greeting).message;
    }
  } catch {
    // Nobody answers: the page stands alone.
  }
  return `Hello, ${name}!`;
}
