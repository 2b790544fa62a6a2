// What the page knows, as the stream tells it.

const keptPoints = 900;
const keptEvents = 500;

export class Store {
  constructor() {
    this.forget();
  }

  forget() {
    this.hello = null;
    this.snapshot = null;
    this.sessions = new Map();
    this.history = [];
    this.events = [];

    // Never goes back: views draw anew where it differs from what they drew.
    this.version = (this.version ?? 0) + 1;
  }

  take(name, data) {
    switch (name) {
      case 'hello':
        this.forget();
        this.hello = data;
        break;
      case 'history':
        this.history = data;
        break;
      case 'sessions':
        this.takeSessions(data);
        break;
      case 'events':
        this.takeEvents(data);
        break;
      case 'snapshot':
        this.snapshot = data;
        this.point(data);
        break;
    }
  }

  takeSessions(data) {
    if (data.whole) {
      this.sessions.clear();
    }
    for (const row of data.rows) {
      this.sessions.set(row.key, row);
    }
    for (const key of data.gone) {
      this.sessions.delete(key);
    }
    this.version++;
  }

  takeEvents(events) {
    const known = new Set(this.events.map(nameOf));
    this.events.push(...events.filter((event) => !known.has(nameOf(event))));
    this.events.splice(0, Math.max(0, this.events.length - keptEvents));
  }

  point(snapshot) {
    if (this.history.at(-1)?.at >= snapshot.at) {
      return;
    }
    const devices = {};
    for (const { node, device } of this.devices()) {
      devices[`${node}/${device.name}`] = [device.free_bytes, device.evictable_bytes, device.pinned_bytes, device.pressure?.waiting_bytes ?? 0];
    }
    this.history.push({ at: snapshot.at, cold: snapshot.cold.reduce((sum, store) => sum + store.bytes, 0), devices });
    this.history.splice(0, Math.max(0, this.history.length - keptPoints));
  }

  devices() {
    return (this.snapshot?.nodes ?? []).flatMap((node) => node.devices.map((device) => ({ node: node.name, device })));
  }
}

function nameOf(event) {
  return `${event.node}/${event.device}/${event.number}/${event.at}`;
}
