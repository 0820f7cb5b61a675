/**
 * The proxy auto-configuration file for `init --full`: the intercepted hosts go through the meter, everything else goes the way
 * it went before, and so do those when the meter does not answer. Imports nothing.
 *
 * Source of the language: the Netscape format that all browsers and macOS share. Only functions of the oldest browsers' JavaScript
 * are used.
 *
 * @module
 */

/** Media type under which the file must be served. */
export const PAC_MEDIA_TYPE = "application/x-ns-proxy-autoconfig";

/** Path of the file on the local API. */
export const PAC_PATH = "/proxy.pac";

/**
 * The file's text.
 *
 * @param options.hosts Lower-case host names that are metered; each stands for itself only, not for names below it.
 */
export function pacFile(options: { readonly edgePort: number; readonly hosts: readonly string[] }): string {
  const { edgePort, hosts } = options;
  const names = hosts.map((host) => `    ${JSON.stringify(host)}: true`).join(",\n");
  return `function FindProxyForURL(url, host) {
  var metered = {
${names}
  };
  var name = host.toLowerCase().replace(/\\.$/, "");
  if (url.substring(0, 6).toLowerCase() === "https:" && metered.hasOwnProperty(name)) {
    return "PROXY 127.0.0.1:${edgePort}; DIRECT";
  }
  return "DIRECT";
}
`;
}

/** The address that the system's proxy setting names. */
export function pacUrl(apiPort: number): string {
  return `http://127.0.0.1:${apiPort}${PAC_PATH}`;
}
