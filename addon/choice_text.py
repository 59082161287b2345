# SPDX-License-Identifier: GPL-3.0-or-later
"""What each choice of each setting is called and means, as Blender's menus say it."""

from __future__ import annotations

CHOICES: dict[str, dict[str, tuple[str, str]]] = {
    "footage.timing": {
        "keep": ("Keep", "Every frame with its own time, also where phones vary the rate"),
        "constant": ("Constant", "An even rate: frames are repeated or left out"),
    },
    "footage.bits": {
        "auto": ("Auto", "16 bits where the footage has more than 8"),
        "8": ("8 Bit", "Enough for footage from phones, half the room on the disk"),
        "16": ("16 Bit", "Fine steps, for footage with more than 8 bits"),
    },
    "footage.alpha": {
        "auto": ("Auto", "The clip's own transparency where it has any, taken as straight"),
        "premultiplied": ("Premultiplied", "The clip's own transparency; the colours are divided by it first"),
        "off": ("Off", "The clip's transparency is left out"),
    },
    "footage.matrix": {
        "auto": ("Auto", "By the clip's tags, and by its size where it has none"),
        "bt601": ("BT.601", "Standard definition video"),
        "bt709": ("BT.709", "High definition video"),
        "bt2020": ("BT.2020", "Ultra high definition and HDR video"),
    },
    "footage.levels": {
        "auto": ("Auto", "By the clip's tags"),
        "limited": ("Limited", "Black is code 16, as in most videos"),
        "full": ("Full", "Black is code 0"),
    },
    "footage.transfer": {
        "auto": ("Auto", "By the clip's tags"),
        "sdr": ("SDR", "Ordinary video"),
        "hlg": ("HLG", "HDR video of broadcasters and many phones, tone-mapped to ordinary brightness"),
        "pq": ("PQ", "HDR video of films and HDR10, tone-mapped to ordinary brightness"),
    },
    "footage.deinterlace": {
        "auto": ("Auto", "Where the clip says that it is interlaced"),
        "on": ("On", "Whole frames are made of half-line ones"),
        "off": ("Off", "Frames are taken as they are"),
    },
    "footage.size_change": {
        "error": ("Stop", "Stop when the picture's size changes inside the clip"),
        "scale": ("Scale", "Bring the rest of the clip to the first size"),
    },
    "footage.gaps": {
        "hold": ("Hold", "The picture before stands in for a missing one"),
        "close": ("Close", "The next picture follows at once"),
        "error": ("Stop", "Stop when a picture is missing"),
    },
    "flow.engine": {
        "dis": ("DIS", "Dense inverse search: needs no weights and runs anywhere"),
        "given": ("Given", "Your own exact motion, one file a frame"),
    },
    "flow.quality": {
        "fast": ("Fast", "A quick search, enough for slow motion"),
        "medium": ("Medium", "Costs little more and is clearly better at limbs"),
    },
    "pose.engine": {
        "auto": ("Auto", "The landmark networks"),
        "landmarks": ("Landmarks", "Small networks that find bodies, hands and faces"),
        "off": ("Off", "Nobody is looked for: depth and matte do without"),
    },
    "matte.engine": {
        "auto": ("Auto", "Looks at the clip, picks one of the others and says why"),
        "person": ("Person", "People, found by small networks"),
        "chroma": ("Chroma", "Everything before a green or blue screen"),
        "plate": ("Plate", "Whatever differs from a picture of the empty set"),
        "motion": ("Motion", "Whatever moves against the background, and what you paint as strokes"),
        "alpha": ("Alpha", "The clip's own alpha"),
        "given": ("Given", "Your own pictures, one for each frame"),
        "off": ("Off", "No cut-out: the whole picture is the character"),
    },
    "matte.steadiness": {
        "off": ("Off", "Each frame by itself"),
        "light": ("Light", "A weighted mean of 3 frames along the motion"),
        "normal": ("Normal", "A median of 5 frames and a mean of 3 along the motion"),
        "strong": ("Strong", "Calmer than real edges are"),
    },
    "depth.engine": {
        "auto": ("Auto", "People by their body, hand and face landmarks, anything else by the matte's shape"),
        "relief": ("Relief", "By the matte's shape only"),
        "flat": ("Flat", "A card that stands where the character stands"),
    },
    "depth.steadiness": {
        "off": ("Off", "Each frame by itself"),
        "light": ("Light", "A weighted mean of 3 frames along the motion"),
        "normal": ("Normal", "A weighted mean of 5 frames along the motion"),
    },
    "depth.background": {
        "room": ("Room", "A floor that meets the feet, and a wall"),
        "wall": ("Wall", "A wall without a floor"),
        "none": ("None", "As far away as can be"),
    },
    "controls.lineart_engine": {
        "filter": ("Filter", "Contours of light and colour"),
        "drawings": ("Drawings", "By the network the ControlNets were trained behind; it is fetched on request"),
    },
    "controls.softedge_engine": {
        "filter": ("Filter", "What stands out at two widths"),
        "dexined": ("DexiNed", "Edges by a network that is fetched on request"),
    },
    "controls.openpose_engine": {
        "landmarks": ("Landmarks", "What the pose stage followed: bodies, hands and faces"),
        "vitpose": ("ViTPose", "Bodies found anew in each key by larger networks, which are fetched on request"),
    },
    "controls.segmentation_engine": {
        "layout": ("Layout", "Person, floor, plain walls and clear sky where they are sure; the rest stays black"),
        "upernet": ("UperNet", "150 kinds of things, by a network that is fetched on request"),
    },
    "diffuse.engine": {
        "filter": ("Filter", "A drawn look made by a filter, with no weights"),
        "diffusion": ("Diffusion", "A diffusion model follows your words, held to the footage by controls"),
        "painted": ("Painted", "Your own pictures, one for each key"),
        "off": ("Off", "Nothing is redrawn: the film stays as it was shot"),
    },
    "diffuse.scheduler": {
        "auto": ("Auto", "What a few-step LoRA was made for, or else DPM++ 2M Karras"),
        "ddim": ("DDIM", "Plain and even; for Hyper LoRAs: 6 to 12 steps"),
        "euler": ("Euler", "Plain and quick; for Lightning LoRAs: 4 to 8 steps"),
        "euler_a": ("Euler a", "New noise in every step: livelier, and never quite the same for other steps"),
        "heun": ("Heun", "Twice the time a step, fewer steps needed"),
        "dpmpp_2m": ("DPM++ 2M", "Good from about 20 steps"),
        "dpmpp_2m_karras": ("DPM++ 2M Karras", "Good from about 15 steps"),
        "dpmpp_2m_sde_karras": ("DPM++ 2M SDE Karras", "New noise in every step: more texture"),
        "unipc": ("UniPC", "Good from about 10 steps"),
        "lcm": ("LCM", "For LCM LoRAs: 4 to 8 steps"),
        "tcd": ("TCD", "For TCD LoRAs: 4 to 8 steps"),
    },
    "diffuse.family": {
        "auto": ("Auto", "Looked up in the checkpoint's file"),
        "sd15": ("SD 1.5", "Stable Diffusion 1.5: small and quick, most ControlNets"),
        "sdxl": ("SDXL", "Stable Diffusion XL and what was made from it: larger pictures, more memory"),
        "zimage": ("Z-Image", "Z-Image Turbo"),
    },
    "diffuse.mode": {
        "grid": ("Grid", "Several keys in one picture, so that they agree"),
        "single": ("Single", "Each key alone"),
    },
    "diffuse.cell_multiple": {
        "8": ("8", "Follows the shape of the footage closest"),
        "64": ("64", "Safest for every model"),
    },
    "diffuse.device": {
        "auto": ("Auto", "A graphics card if PyTorch finds one, else the processor"),
        "cuda": ("Graphics Card", "CUDA, or ROCm on AMD's cards"),
        "mps": ("Apple", "The graphics of an Apple computer"),
        "cpu": ("Processor", "Runs anywhere; takes minutes a picture"),
    },
    "diffuse.look": {
        "toon": ("Toon", "Flat colours and dark lines"),
        "ink": ("Ink", "Bolder lines and few colours"),
        "pencil": ("Pencil", "Lines and soft tone on paper"),
    },
    "diffuse.transparency": {
        "white": ("White", "Transparent places become white paper"),
        "keep": ("Keep", "Transparent places stay so in every frame"),
    },
    "propagate.engine": {
        "auto": ("Auto", "The graphics card if PyTorch finds one, else the processor; a begun film goes on as it was"),
        "cpu": ("Processor", "Comes along and runs anywhere"),
        "torch": ("PyTorch", "Mixes frames on the graphics card. The environment has to have PyTorch"),
    },
    "propagate.method": {
        "layers": ("Layers", "Character and background are carried each on its own"),
        "linear": ("Linear", "The plain crossfade along the motion that other programs do, to compare"),
    },
    "propagate.lookup": {
        "linear": ("Linear", "Soft"),
        "cubic": ("Cubic", "Between soft and crisp"),
        "lanczos": ("Lanczos", "Keeps lines crispest"),
    },
    "upscale_keys.engine": {
        "off": ("Off", "Keys are carried at the size they have"),
        "lanczos": ("Lanczos", "Enlarged as they are, quick"),
        "realesrgan": ("Real-ESRGAN", "A network for drawn looks: it sharpens lines and wipes the texture of skin"),
    },
    "upscale_keys.scale": {
        "2": ("2 Times", "Each side of the film twice as long, four times the pixels"),
        "4": ("4 Times", "Each side of the film four times as long, sixteen times the pixels"),
    },
    "upscale.engine": {
        "off": ("Off", "The film keeps the working size"),
        "lanczos": ("Lanczos", "Enlarged as it is, quick"),
        "realesrgan": (
            "Real-ESRGAN",
            "A network for drawn looks: it sharpens lines and wipes the texture of skin. Seconds a frame without a GPU",
        ),
    },
    "upscale.scale": {
        "2": ("2 Times", "Each side twice as long, four times the pixels"),
        "4": ("4 Times", "Each side four times as long, sixteen times the pixels"),
    },
    "encode.codec": {
        "h264": ("H.264", "An .mp4 that plays anywhere"),
        "prores4444": ("ProRes 4444", "An .mov for editing, with the matte as alpha"),
    },
    "encode.timing": {
        "exact": ("Exact", "Each frame at its own time in the clip"),
        "constant": ("Constant", "All frames at the mean rate"),
    },
    "build.ground": {
        "auto": ("Auto", "Follows when the feet would leave the floor otherwise"),
        "fixed": ("Fixed", "The figure keeps one height"),
        "follow": ("Follow", "The feet are put down in every frame, for a moving camera"),
    },
    "render.quality": {
        "preview": ("Preview", "Small, with few samples"),
        "final": ("Final", "Size and samples as you set them in the .blend"),
    },
    "render.engine": {
        "auto": ("Auto", "The engine the .blend is set to: Cycles, unless you changed it"),
        "cycles": ("Cycles", "Traces the paths of light: soft shadows and true reflections"),
        "eevee": ("EEVEE", "Quick; wants a graphics card"),
    },
    "render.device": {
        "auto": ("Auto", "A graphics card where Blender finds one"),
        "cpu": ("CPU", "The processor"),
        "gpu": ("GPU", "The graphics card"),
    },
}
"""Label and description of every choice, by "table.key"."""
