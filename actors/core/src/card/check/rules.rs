//! The properties of cards and components in card JSON 2.0, and what each has to be.

/// What a property's value has to be.
#[derive(Clone, Copy)]
pub(super) enum Is {
    Flag,
    Number,
    Text,
    Object,
    List,
    /// A text object with this tag, or one of these.
    Words(&'static [&'static str]),
    OneOf(&'static [&'static str]),
    Any,
}

pub(super) type Properties = &'static [(&'static str, Is)];

pub(super) const PLAIN: Is = Is::Words(&["plain_text"]);
pub(super) const RICH: Is = Is::Words(&["plain_text", "lark_md"]);

pub(super) const ROOT: Properties = &[
    ("schema", Is::OneOf(&["2.0"])),
    ("config", Is::Object),
    ("header", Is::Object),
    ("body", Is::Object),
    ("card_link", Is::Object),
];
pub(super) const CONFIG: Properties = &[
    ("streaming_mode", Is::Flag),
    ("streaming_config", Is::Object),
    ("summary", Is::Object),
    ("locales", Is::List),
    ("enable_forward", Is::Flag),
    ("enable_forward_interaction", Is::Flag),
    ("update_multi", Is::Flag),
    ("width_mode", Is::OneOf(&["default", "compact", "fill"])),
    ("use_custom_translation", Is::Flag),
    ("style", Is::Object),
];
pub(super) const SUMMARY: Properties = &[("content", Is::Text), ("i18n_content", Is::Object)];
pub(super) const HEADER: Properties = &[
    ("title", RICH),
    ("subtitle", RICH),
    ("template", Is::OneOf(TEMPLATES)),
    ("text_tag_list", Is::List),
    ("i18n_text_tag_list", Is::Object),
    ("icon", Is::Object),
    ("padding", Is::Text),
];
pub(super) const TEXT_TAG: Properties =
    &[("tag", Is::OneOf(&["text_tag"])), ("element_id", Is::Text), ("text", PLAIN), ("color", Is::OneOf(TAG_COLOURS))];
pub(super) const BODY: Properties = &[
    ("direction", Is::Text),
    ("padding", Is::Text),
    ("vertical_spacing", Is::Text),
    ("horizontal_spacing", Is::Text),
    ("horizontal_align", Is::Text),
    ("vertical_align", Is::Text),
    ("elements", Is::List),
];
pub(super) const TEXT_OBJECT: Properties = &[
    ("tag", Is::Text),
    ("content", Is::Text),
    ("i18n_content", Is::Object),
    ("text_size", Is::Text),
    ("text_color", Is::Text),
    ("text_align", Is::Text),
    ("lines", Is::Number),
];
pub(super) const CONFIRM: Properties = &[("title", PLAIN), ("text", PLAIN)];
pub(super) const OPTION: Properties = &[("text", PLAIN), ("value", Is::Text), ("icon", Is::Object)];
pub(super) const FIELD: Properties = &[("is_short", Is::Flag), ("text", RICH)];
pub(super) const CALLBACK: Properties = &[("type", Is::OneOf(&["callback"])), ("value", Is::Object)];
pub(super) const OPEN_URL: Properties = &[
    ("type", Is::OneOf(&["open_url"])),
    ("default_url", Is::Text),
    ("pc_url", Is::Text),
    ("ios_url", Is::Text),
    ("android_url", Is::Text),
];

/// The properties of each component beside `tag`, `element_id` and `margin`.
pub(super) const COMPONENTS: &[(&str, Properties)] = &[
    ("div", &[("text", RICH), ("fields", Is::List), ("icon", Is::Object), ("width", Is::Text)]),
    (
        "markdown",
        &[
            ("content", Is::Text),
            ("i18n_content", Is::Object),
            ("text_size", Is::Text),
            ("text_align", Is::Text),
            ("icon", Is::Object),
        ],
    ),
    ("hr", &[]),
    (
        "img",
        &[
            ("img_key", Is::Text),
            ("alt", PLAIN),
            ("title", PLAIN),
            ("scale_type", Is::Text),
            ("size", Is::Text),
            ("preview", Is::Flag),
            ("corner_radius", Is::Text),
            ("transparent", Is::Flag),
        ],
    ),
    (
        "person",
        &[
            ("user_id", Is::Text),
            ("size", Is::Text),
            ("show_avatar", Is::Flag),
            ("show_name", Is::Flag),
            ("style", Is::Text),
        ],
    ),
    (
        "button",
        &[
            ("text", PLAIN),
            ("type", Is::OneOf(BUTTON_TYPES)),
            ("size", Is::OneOf(&["tiny", "small", "medium", "large"])),
            ("width", Is::Text),
            ("icon", Is::Object),
            ("hover_tips", PLAIN),
            ("disabled", Is::Flag),
            ("disabled_tips", PLAIN),
            ("confirm", Is::Object),
            ("name", Is::Text),
            ("form_action_type", Is::OneOf(&["submit", "reset"])),
            ("behaviors", Is::List),
            ("required", Is::Flag),
        ],
    ),
    (
        "input",
        &[
            ("name", Is::Text),
            ("required", Is::Flag),
            ("placeholder", PLAIN),
            ("default_value", Is::Text),
            ("label", PLAIN),
            ("label_position", Is::OneOf(&["top", "left"])),
            ("input_type", Is::OneOf(&["text", "multiline_text", "password"])),
            ("rows", Is::Number),
            ("auto_resize", Is::Flag),
            ("max_rows", Is::Number),
            ("max_length", Is::Number),
            ("width", Is::Text),
            ("disabled", Is::Flag),
            ("behaviors", Is::List),
            ("confirm", Is::Object),
            ("value", Is::Object),
        ],
    ),
    (
        "select_static",
        &[
            ("name", Is::Text),
            ("placeholder", PLAIN),
            ("required", Is::Flag),
            ("initial_option", Is::Text),
            ("options", Is::List),
            ("width", Is::Text),
            ("type", Is::Text),
            ("behaviors", Is::List),
            ("confirm", Is::Object),
            ("disabled", Is::Flag),
        ],
    ),
    (
        "multi_select_static",
        &[
            ("name", Is::Text),
            ("placeholder", PLAIN),
            ("required", Is::Flag),
            ("selected_values", Is::List),
            ("options", Is::List),
            ("width", Is::Text),
            ("type", Is::Text),
            ("behaviors", Is::List),
            ("confirm", Is::Object),
            ("disabled", Is::Flag),
        ],
    ),
    (
        "column_set",
        &[
            ("columns", Is::List),
            ("flex_mode", Is::OneOf(&["none", "stretch", "flow", "bisect", "trisect"])),
            ("horizontal_spacing", Is::Text),
            ("horizontal_align", Is::Text),
            ("background_style", Is::Text),
            ("action", Is::Object),
        ],
    ),
    (
        "column",
        &[
            ("elements", Is::List),
            ("width", Is::Text),
            ("weight", Is::Number),
            ("vertical_align", Is::Text),
            ("vertical_spacing", Is::Text),
            ("horizontal_spacing", Is::Text),
            ("horizontal_align", Is::Text),
            ("direction", Is::Text),
            ("padding", Is::Text),
            ("background_style", Is::Text),
            ("action", Is::Object),
        ],
    ),
    (
        "form",
        &[
            ("name", Is::Text),
            ("elements", Is::List),
            ("direction", Is::Text),
            ("padding", Is::Text),
            ("vertical_spacing", Is::Text),
            ("horizontal_spacing", Is::Text),
            ("horizontal_align", Is::Text),
            ("vertical_align", Is::Text),
            ("confirm", Is::Object),
        ],
    ),
    (
        "collapsible_panel",
        &[
            ("header", Is::Object),
            ("expanded", Is::Flag),
            ("elements", Is::List),
            ("background_color", Is::Text),
            ("border", Is::Object),
            ("padding", Is::Text),
            ("vertical_spacing", Is::Text),
            ("direction", Is::Text),
        ],
    ),
    (
        "interactive_container",
        &[
            ("elements", Is::List),
            ("behaviors", Is::List),
            ("width", Is::Text),
            ("height", Is::Text),
            ("background_style", Is::Text),
            ("has_border", Is::Flag),
            ("border_color", Is::Text),
            ("corner_radius", Is::Text),
            ("padding", Is::Text),
            ("confirm", Is::Object),
            ("disabled", Is::Flag),
            ("hover_tips", PLAIN),
            ("direction", Is::Text),
        ],
    ),
    (
        "table",
        &[
            ("columns", Is::Any),
            ("rows", Is::Any),
            ("page_size", Is::Number),
            ("row_height", Is::Text),
            ("header_style", Is::Object),
            ("freeze_first_column", Is::Flag),
        ],
    ),
];

/// Components that hold others.
pub(super) const CONTAINERS: &[&str] = &["column_set", "column", "form", "collapsible_panel", "interactive_container"];
/// Components that send something, and so need a name inside a form.
pub(super) const INTERACTIVE: &[&str] = &["button", "input", "select_static", "multi_select_static"];

/// What every component may have.
pub(super) const COMMON: Properties = &[("tag", Is::Text), ("element_id", Is::Text), ("margin", Is::Text)];

pub(super) const TEMPLATES: &[&str] = &[
    "blue",
    "wathet",
    "turquoise",
    "green",
    "yellow",
    "orange",
    "red",
    "carmine",
    "violet",
    "purple",
    "indigo",
    "grey",
    "default",
];
pub(super) const TAG_COLOURS: &[&str] = &[
    "neutral",
    "blue",
    "turquoise",
    "lime",
    "orange",
    "violet",
    "indigo",
    "wathet",
    "green",
    "yellow",
    "red",
    "purple",
    "carmine",
];
pub(super) const BUTTON_TYPES: &[&str] = &[
    "default",
    "primary",
    "danger",
    "text",
    "primary_text",
    "danger_text",
    "primary_filled",
    "danger_filled",
    "laser",
];
