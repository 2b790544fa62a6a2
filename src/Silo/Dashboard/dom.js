// Small helpers to make elements. Text is always set as text: nothing of a session can become markup.

const svgSpace = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) {
      continue;
    }
    if (name === 'on') {
      for (const [event, handler] of Object.entries(value)) {
        element.addEventListener(event, handler);
      }
    } else if (name === 'width%') {
      // By the object model: the page's policy allows no style in markup.
      element.style.width = `${value}%`;
    } else {
      element.setAttribute(name, value === true ? '' : value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export function h(name, attributes, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes, ...children) {
  return fill(document.createElementNS(svgSpace, name), attributes, children);
}

export function by(id) {
  return document.getElementById(id);
}

// Sets text only where it differs: a page that is read aloud is not disturbed by what did not change.
export function setText(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
