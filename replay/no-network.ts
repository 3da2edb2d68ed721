import { Socket } from 'node:net';
import { devNull } from 'node:os';

/** A replay tried to reach something outside the process. */
class NetworkRefusedError extends Error {
  override readonly name = 'NetworkRefusedError';
}

/**
 * Makes every attempt to open a connection from this process fail, makes it forget what its
 * environment says of AWS, and returns what undoes both.
 *
 * The last net under a replay: a client that a step made outside `connect` is not answered by the
 * rehearsal account, and would otherwise find the real AWS with the user's own credentials.
 * Everything in Node that speaks TCP, TLS or a Unix socket connects by this one method; it does not
 * hold back datagrams or child processes, which no step has.
 */
export function refuseNetwork(): () => void {
  const { connect } = Socket.prototype;
  Socket.prototype.connect = () => {
    throw new NetworkRefusedError('a replay reaches for no network');
  };
  const remembered = Object.entries(process.env).filter(([name]) => name.startsWith('AWS_'));
  for (const [name] of remembered) delete process.env[name];
  Object.assign(process.env, nothingToFind);
  return () => {
    Socket.prototype.connect = connect;
    for (const name of Object.keys(nothingToFind)) delete process.env[name];
    Object.assign(process.env, Object.fromEntries(remembered));
  };
}

/** The SDK looks in these places for credentials and settings; a replay is the same for everyone. */
const nothingToFind = {
  AWS_EC2_METADATA_DISABLED: 'true',
  AWS_CONFIG_FILE: devNull,
  AWS_SHARED_CREDENTIALS_FILE: devNull,
  AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
};
