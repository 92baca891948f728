// The browsable page of the API: Swagger UI over our own schema, with the session's CSRF token on writes.
const place = document.getElementById("api-docs");
window.SwaggerUIBundle({
  domNode: place,
  url: `${place.dataset.schema}?format=json`,
  deepLinking: false,
  docExpansion: "list",
  validatorUrl: null,
  requestInterceptor(request) {
    request.headers["X-CSRFToken"] = place.dataset.csrf;
    return request;
  },
});
