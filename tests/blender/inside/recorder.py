"""A layout that writes down what is drawn on it, and refuses what Blender would refuse."""

import bpy

OPERATORS_OF_BLENDER = ("screen.", "wm.", "image.", "render.", "preferences.")


class Layout:
    """Stands in for `UILayout`. `drawn` has everything in order: (kind, what, more)."""

    def __init__(self, drawn=None):
        self.__dict__["drawn"] = [] if drawn is None else drawn

    def __setattr__(self, name, value):
        if name not in bpy.types.UILayout.bl_rna.properties:
            raise AttributeError(f"UILayout has no {name}")
        self.__dict__[name] = value

    def row(self, **options):
        return self._part("row", options)

    def column(self, **options):
        return self._part("column", options)

    def box(self):
        return self._part("box", {})

    def split(self, **options):
        return self._part("split", options)

    def label(self, *, text="", icon="NONE", **options):
        self._check("label", {"text": text, "icon": icon, **options})
        self.drawn.append(("label", text, icon))

    def separator(self, **options):
        self._check("separator", options)

    def progress(self, *, factor=0.0, text="", **options):
        self._check("progress", {"factor": factor, "text": text, **options})
        self.drawn.append(("progress", text, factor))

    def prop(self, data, name, **options):
        if name not in data.bl_rna.properties:
            raise AttributeError(f"{data} has no {name}")
        self._check("prop", options)
        self.drawn.append(("prop", name, options.get("text")))

    def prop_enum(self, data, name, value, **options):
        if value not in data.bl_rna.properties[name].enum_items:
            raise AttributeError(f"{name} has no {value}")
        self.drawn.append(("prop", name, value))

    def operator(self, name, **options):
        package, _, function = name.partition(".")
        if function not in dir(getattr(bpy.ops, package)):
            raise AttributeError(f"there is no operator {name}")
        self._check("operator", options)
        self.drawn.append(("operator", name, options.get("text")))
        return Given(getattr(getattr(bpy.ops, package), function))

    def menu(self, name, **options):
        if not hasattr(bpy.types, name):
            raise AttributeError(f"there is no menu {name}")
        self.drawn.append(("menu", name, options.get("text")))

    def template_icon(self, **options):
        self._check("template_icon", options)
        self.drawn.append(("picture", "", options["icon_value"]))

    def template_icon_view(self, data, name, **options):
        if name not in data.bl_rna.properties:
            raise AttributeError(f"{data} has no {name}")
        self._check("template_icon_view", options)
        self.drawn.append(("pictures", name, ""))

    def icon(self, data):
        return 1 if isinstance(data, bpy.types.ID) else 0

    def _part(self, kind, options):
        self._check(kind, options)
        return Layout(self.drawn)

    def _check(self, kind, options):
        known = bpy.types.UILayout.bl_rna.functions[kind].parameters
        for name, value in options.items():
            if name not in known:
                raise TypeError(f"{kind}() has no {name}")
            if known[name].type == "ENUM" and value not in known[name].enum_items:
                raise TypeError(f"{kind}() does not know {value}")

    def texts(self):
        return [what for _, what, _ in self.drawn]


class Given:
    """The properties of an operator's button."""

    def __init__(self, operator):
        self.__dict__["_known"] = operator.get_rna_type().properties

    def __setattr__(self, name, value):
        if name not in self._known:
            raise AttributeError(f"this operator has no {name}")
