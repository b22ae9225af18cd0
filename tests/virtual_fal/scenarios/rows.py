"""Which scenarios play the rows J, K and W of the catalogue of bad inputs? "weather:" names are of the whole server."""

from __future__ import annotations

ROWS: dict[str, tuple[str, ...]] = {
    "J01": ("weather:refuse", "weather:dns", "weather:tls", "weather:mute"),
    "J03": (
        "submit-500", "submit-502", "submit-503", "submit-504", "submit-408", "submit-409", "submit-500-created",
        "submit-503-created", "submit-504-nginx-created", "submit-reset-created", "submit-close-created",
        "submit-hang-created",
    ),
    "J05": ("submit-401", "submit-403", "submit-bad-key", "locked"),
    "J07": ("submit-400", "submit-422", "result-image-too-small", "result-content-policy-violation"),
    "J09": ("submit-foreign-urls",),
    "J11": (
        "status-500-twice", "status-hang-twice", "status-reset-twice", "status-cut-twice", "status-text-twice",
        "status-foo", "status-missing", "status-without-keys", "status-list",
    ),
    "J13": ("forever",),
    "J15": (
        "no-model", "model-null", "model-url-null", "model-url-number", "model-url-text", "model-list",
        "two-models", "extra-fields",
    ),
    "J17": ("download-redirect-loopback", "download-redirect-http", "download-redirect-foreign", "model-url-loopback"),
    "J19": ("download-500-twice",),
    "J21": ("download-drip",),
    "J23": ("download-html", "download-bomb"),
    "J25": ("weather:refuse",),
    "K02": ("model-empty", "model-magic-only", "model-html", "model-json-error", "model-zip", "model-gltf-text"),
    "K04": ("model-length-too-big", "model-length-too-small", "model-truncated"),
    "K06": (
        "model-json-chunk-4gb", "model-bin-chunk-4gb", "model-utf16-json", "model-json-array", "model-deep-json",
        "model-big-json",
    ),
    "K08": (
        "model-accessor-count", "model-negative-offset", "model-view-out-of-range", "model-mesh-index",
        "model-sparse-out-of-range",
    ),
    "K10": ("model-nan-positions", "model-inf-positions"),
    "K12": ("model-many-nodes",),
    "K14": ("model-svg-image", "model-html-image"),
    "K16": ("model-evil-extension", "model-draco"),
    "K18": ("model-200-mib", "model-over-200-mib"),
    "W01": ("default",),
    "W03": (
        "webhook-without-signature", "webhook-without-timestamp", "webhook-without-request-id",
        "webhook-without-user-id", "webhook-bad-signature", "webhook-unknown-key", "webhook-text-signature",
    ),
    "W05": (
        "webhook-301-s-old", "webhook-303-s-ahead", "webhook-timestamp-text", "webhook-timestamp-huge",
        "webhook-298-s-old",
    ),
    "W07": ("jwks-rsa", "jwks-alg-none", "jwks-short-key", "jwks-10000-keys", "jwks-5-mb"),
    "W09": ("jwks-503", "jwks-close", "jwks-hang"),
    "W11": ("webhook-other-request", "webhook-other-header-id"),
    "W13": ("webhook-too-big", "webhook-biggest"),
    "W15": ("webhook-late",),
}  # fmt: skip
