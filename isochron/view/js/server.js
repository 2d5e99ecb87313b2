/** What the page asks of the server that it came from: blocks of long runs, and runs that grow. */

const POLL_MS = 2000;

/**
 * The answer of the server to a path below the address of the page.
 * @param {string} path
 * @returns {Promise<any>}
 */
export async function ask(path) {
  const answer = await fetch(path, { cache: "no-store" });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

/**
 * Call a function with the new data of the page whenever the runs have grown.
 * @param {string} version of the data that the page has
 * @param {(data: any) => Promise<void>} update
 * @param {(problem: string) => void} report
 */
export function follow(version, update, report) {
  let known = version;
  const poll = async () => {
    try {
      const state = await ask("state");
      if (state.version !== known) {
        const data = await ask("data");
        known = data.served.version;
        await update(data);
      }
      report("");
    } catch (error) {
      report(`The runs cannot be read at the moment: ${/** @type {Error} */ (error).message}`);
    }
    setTimeout(poll, POLL_MS);
  };
  setTimeout(poll, POLL_MS);
}
