// Numbers for people: few digits, always a unit.

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

export function bytes(value) {
  let unit = 0;
  let amount = Math.abs(value);
  while (amount >= 1024 && unit < units.length - 1) {
    amount /= 1024;
    unit++;
  }
  const digits = unit === 0 || amount >= 100 ? 0 : amount >= 10 ? 1 : 2;
  return `${value < 0 ? '−' : ''}${amount.toFixed(digits)} ${units[unit]}`;
}

export function count(value) {
  return Math.round(value).toLocaleString('en');
}

export function counted(value, thing) {
  return `${count(value)} ${thing}${Math.round(value) === 1 ? '' : 's'}`;
}

// What is not all is not shown as all.
export function percent(share, digits = 0) {
  const most = share < 1 ? 100 - 10 ** -digits : Infinity;
  return `${Math.min(100 * share, most).toFixed(digits)} %`;
}

export function seconds(value) {
  if (value === 0) {
    return '0 s';
  }
  if (value < 0.001) {
    return `${Math.max(1, Math.round(value * 1e6))} µs`;
  }
  if (value < 1) {
    return `${(value * 1000).toFixed(value < 0.01 ? 1 : 0)} ms`;
  }
  return value < 100 ? `${value.toFixed(value < 10 ? 2 : 1)} s` : `${Math.round(value)} s`;
}

export function ago(then, now) {
  const gone = Math.max(0, (now - then) / 1000);
  if (gone < 2) {
    return 'now';
  }
  if (gone < 100) {
    return `${Math.round(gone)} s ago`;
  }
  if (gone < 6000) {
    return `${Math.round(gone / 60)} min ago`;
  }
  return gone < 172800 ? `${Math.round(gone / 3600)} h ago` : `${Math.round(gone / 86400)} d ago`;
}

export function clock(at) {
  return new Date(at).toLocaleTimeString('en-GB');
}
