// Draws the schema with Swagger UI. Nothing leaves for anywhere else: no validator, no fonts, no map of the source.

const place = document.getElementById("api-docs");

// It draws a main of its own inside the page's, and again whenever it reads the schema anew.
const demoted = () => document.getElementById("operations")?.setAttribute("role", "group");
new MutationObserver(demoted).observe(place, { childList: true, subtree: true });

window.SwaggerUIBundle({
  url: place.dataset.schema,
  domNode: place,
  deepLinking: true,
  docExpansion: "list",
  defaultModelsExpandDepth: -1,
  validatorUrl: null,
  presets: [window.SwaggerUIBundle.presets.apis],
  layout: "BaseLayout",
  requestInterceptor: (request) => {
    const isSafe = ["GET", "HEAD", undefined].includes(request.method);
    if (!isSafe && new URL(request.url, location.href).origin === location.origin) {
      request.headers["X-CSRFToken"] = place.dataset.csrf;
    }
    return request;
  },
});
