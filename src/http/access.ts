import { createHmac, randomBytes } from 'node:crypto';
import type { WebSettings, WebUser } from '../daemon/settings.ts';
import { HttpFault } from './fault.ts';
import { isLoopback } from './loopback.ts';
import { verifyPassword } from './password.ts';

/** Who asks. `name` absent: nobody had to say. */
export interface Visitor {
  readonly name?: string;
  readonly role: 'reader' | 'operator';
}

export interface AccessLimits {
  readonly hashes: number;
  readonly hashQueue: number;
}

/** A password that was right is not hashed again for so long, so that a scrape costs nothing. */
const REMEMBER_MS = 60_000;
const MAX_REMEMBERED = 1000;
/** Longer credentials are nobody's. */
const MAX_CREDENTIALS = 1024;
const CHALLENGE = { 'www-authenticate': 'Basic realm="flinkprobe", charset="UTF-8"' };

/**
 * Who may do what: basic authentication where there are users; else required client certificates, which TLS has checked
 * by then; else everybody, as operator on loopback and as reader elsewhere.
 */
export class Access {
  readonly #settings: WebSettings;
  readonly #limits: AccessLimits;
  readonly #users: ReadonlyMap<string, WebUser>;
  readonly #clock: () => number;
  /** Keys the memory of right passwords; nobody outside can make an entry. */
  readonly #secret = randomBytes(32);
  readonly #remembered = new Map<string, number>();
  readonly #queue: (() => void)[] = [];
  #hashing = 0;

  constructor(settings: WebSettings, limits: AccessLimits, clock: () => number = Date.now) {
    this.#settings = settings;
    this.#limits = limits;
    this.#clock = clock;
    this.#users = new Map(settings.users.map((user) => [user.name, user]));
  }

  /**
   * @param authorization the header of that name
   * @throws HttpFault 401; 503 where too many passwords are being hashed
   */
  async visitor(authorization: string | undefined): Promise<Visitor> {
    const { users, tls, host } = this.#settings;
    if (users.length === 0) {
      const isOperator = tls?.clientAuthentication === 'require-and-verify' || isLoopback(host);
      return { role: isOperator ? 'operator' : 'reader' };
    }
    const credentials = basicCredentials(authorization);
    if (credentials === undefined) throw new HttpFault(401, 'a user and a password are needed', CHALLENGE);
    const user = this.#users.get(credentials.name);
    if (await this.#isRight(user, credentials)) return { name: user!.name, role: user!.role };
    throw new HttpFault(401, 'unknown user or wrong password', CHALLENGE);
  }

  /** Who asks, where they say so rightly; undefined: somebody. For what is open to everybody, and tells some more. */
  async known(authorization: string | undefined): Promise<Visitor | undefined> {
    if (this.#settings.users.length > 0 && authorization === undefined) return undefined;
    try {
      return await this.visitor(authorization);
    } catch (error) {
      if (error instanceof HttpFault) return undefined;
      throw error;
    }
  }

  async #isRight(user: WebUser | undefined, { name, password }: Credentials): Promise<boolean> {
    const key = createHmac('sha256', this.#secret).update(`${name}\0${password}`).digest('base64');
    const until = this.#remembered.get(key);
    if (user !== undefined && until !== undefined && until > this.#clock()) return true;
    // Somebody who is not there costs as much as a wrong password: the time does not tell who is.
    const hash = user?.passwordHash ?? this.#nobodysHash();
    const isRight = (await this.#inTurn(() => verifyPassword(password, hash))) && user !== undefined;
    if (isRight) this.#remember(key);
    return isRight;
  }

  /** The cost of the first user's hash, and no password that gives it. */
  #nobodysHash(): string {
    const parts = this.#settings.users[0]!.passwordHash.split('$');
    const octets = Buffer.from(parts[5] ?? '', 'base64').length;
    return [...parts.slice(0, 5), randomBytes(octets).toString('base64')].join('$');
  }

  #remember(key: string): void {
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(key, this.#clock() + REMEMBER_MS);
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#hashing >= this.#limits.hashes) {
      if (this.#queue.length >= this.#limits.hashQueue) {
        throw new HttpFault(503, 'too many passwords to check', { 'retry-after': '1' });
      }
      await new Promise<void>((resolve) => this.#queue.push(resolve));
    } else this.#hashing += 1;
    try {
      return await work();
    } finally {
      const next = this.#queue.shift();
      if (next === undefined) this.#hashing -= 1;
      else next();
    }
  }
}

interface Credentials {
  readonly name: string;
  readonly password: string;
}

/** RFC 7617 section 2. */
function basicCredentials(authorization: string | undefined): Credentials | undefined {
  if (authorization === undefined || authorization.length > MAX_CREDENTIALS) return undefined;
  const match = /^Basic +([A-Za-z0-9+/]+=*)$/i.exec(authorization);
  if (match === null) return undefined;
  const text = Buffer.from(match[1]!, 'base64').toString('utf8');
  // Control characters are not allowed there; to HMAC, and so to scrypt, a password with a NUL behind it is the same one.
  if (/\p{Cc}/u.test(text)) return undefined;
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}
