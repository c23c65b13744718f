// The page /docs: loads the OpenAPI document and shows it with Swagger UI.
"use strict";

const SAFE_METHODS = ["GET", "HEAD", "OPTIONS"];
const place = document.getElementById("docs");
const form = document.getElementById("enter");

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const paint = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
dark.addEventListener("change", paint);
paint();

// Users paste a key as it was printed, without the scheme, and Swagger UI does not add it.
function withScheme(typed) {
  const key = typed.trim();
  return /^api-key\s/i.test(key) ? key : `Api-Key ${key}`;
}

async function load(key) {
  // fetch would fail with a technical message.
  if (/[^\x20-\x7e]/.test(key ?? "")) throw new Error(form.dataset.invalidKey);
  const headers = key ? { Authorization: withScheme(key) } : {};
  const response = await fetch(place.dataset.schema, { headers: { Accept: "application/json", ...headers } });
  const found = await response.json();
  if (!response.ok) throw new Error(found.detail);
  return found;
}

// The browser sends the session cookie itself, so the dialog need not offer it.
function withoutSession(found) {
  delete found.components.securitySchemes.session;
  for (const operation of Object.values(found.paths).flatMap(Object.values)) {
    operation.security = operation.security?.filter((scheme) => !("session" in scheme));
  }
  return found;
}

function prepare(request) {
  if (request.headers.Authorization) {
    request.headers.Authorization = withScheme(request.headers.Authorization);
  } else if (!SAFE_METHODS.includes(request.method)) {
    request.headers["X-CSRFToken"] = place.dataset.csrfToken;
  }
  return request;
}

function show(found, key) {
  const ui = SwaggerUIBundle({
    spec: withoutSession(found),
    domNode: place,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout",
    defaultModelsExpandDepth: 0,
    displayRequestDuration: true,
    validatorUrl: null,
    requestInterceptor: prepare,
    onComplete: () => key && ui.preauthorizeApiKey("apiKey", key),
  });
}

if (form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = document.getElementById("wrong");
    const button = form.querySelector("button");
    wrong.textContent = "";
    button.disabled = true;
    try {
      const key = document.getElementById("key").value;
      show(await load(key), key);
      form.remove();
    } catch (error) {
      wrong.textContent = error.message;
      button.disabled = false;
    }
  });
} else {
  load().then((found) => show(found)).catch((error) => { place.textContent = error.message; });
}
