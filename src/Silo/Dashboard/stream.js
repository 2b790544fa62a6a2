// The server's events, read by fetch so that a key can go with the request. Comes back by itself when the connection is lost.

const longestWait = 15;

export class Stream {
  constructor(handlers) {
    this.handlers = handlers;
    this.attempt = 0;
    this.stopped = true;
  }

  get key() {
    return sessionStorage.getItem('kvcluster.key');
  }

  set key(value) {
    if (value === null) {
      sessionStorage.removeItem('kvcluster.key');
    } else {
      sessionStorage.setItem('kvcluster.key', value);
    }
  }

  headers() {
    return this.key ? { authorization: `Bearer ${this.key}` } : {};
  }

  start() {
    this.stop();
    this.stopped = false;
    this.attempt = 0;
    this.connect();
  }

  stop() {
    this.stopped = true;
    clearTimeout(this.timer);
    clearTimeout(this.silence);
    this.abort?.abort();
  }

  retryNow() {
    if (!this.stopped) {
      clearTimeout(this.timer);
      this.connect();
    }
  }

  async connect() {
    this.abort?.abort();
    const abort = new AbortController();
    this.abort = abort;
    try {
      const response = await fetch('/v1/cluster/events', { headers: this.headers(), signal: abort.signal, cache: 'no-store' });
      if (response.status === 401 || response.status === 403) {
        this.stop();
        this.handlers.refused(response.status, await reason(response));
        return;
      }
      if (!response.ok) {
        throw new Error(await reason(response));
      }
      await this.read(response.body.getReader(), abort);
      throw new Error('the server ended the stream');
    } catch (error) {
      if (!this.stopped && this.abort === abort) {
        this.retry(error.message);
      }
    }
  }

  async read(reader, abort) {
    const decoder = new TextDecoder();
    let rest = '';
    for (;;) {
      // A snapshot comes every second: silence is a lost connection.
      clearTimeout(this.silence);
      this.silence = setTimeout(() => abort.abort(), 8000);
      const { done, value } = await reader.read();
      if (done) {
        return;
      }
      rest += decoder.decode(value, { stream: true });
      let end;
      while ((end = rest.indexOf('\n\n')) >= 0) {
        this.dispatch(rest.slice(0, end));
        rest = rest.slice(end + 2);
      }
    }
  }

  dispatch(text) {
    const name = /^event: (.*)$/m.exec(text)?.[1] ?? 'message';
    const data = /^data: (.*)$/m.exec(text)?.[1];
    if (data) {
      this.attempt = 0;
      this.handlers.event(name, JSON.parse(data));
    }
  }

  retry(why) {
    clearTimeout(this.silence);
    this.attempt++;
    const wait = Math.min(longestWait, 2 ** (this.attempt - 1));
    this.handlers.lost(why, wait);
    this.timer = setTimeout(() => this.connect(), wait * 1000);
  }
}

// What the server says of an answer that is no success.
export async function reason(response) {
  try {
    return (await response.json()).error.message;
  } catch {
    return `the server answered ${response.status}`;
  }
}
