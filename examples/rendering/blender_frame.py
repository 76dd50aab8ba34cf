"""The same film by Blender: blender --background --factory-startup --python blender_frame.py -- FRAME FRAMES WIDTHxHEIGHT FILE"""
import math
import os
import sys

import bpy

COLOURS = [(0.92, 0.35, 0.25), (0.3, 0.6, 0.9), (0.95, 0.8, 0.35)]


def material(colour, roughness):
    made = bpy.data.materials.new("paint")
    made.use_nodes = True
    paint = made.node_tree.nodes["Principled BSDF"].inputs
    paint["Base Color"].default_value = (*colour, 1)
    paint["Roughness"].default_value = roughness
    return made


number, frames, size, path = sys.argv[sys.argv.index("--") + 1:]
turn = (int(number) - 1) / int(frames)
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
bpy.ops.mesh.primitive_plane_add(size=200)
bpy.context.object.data.materials.append(material((0.7, 0.68, 0.62), 0.4))
for at, colour in enumerate(COLOURS):
    angle, radius = 2 * math.pi * (turn + at / len(COLOURS)), 0.75 - 0.1 * at
    jump = 0.55 * abs(math.sin(math.pi * (at + 1) * turn))
    bpy.ops.mesh.primitive_uv_sphere_add(radius=radius, location=(1.5 * math.cos(angle), 1.5 * math.sin(angle), radius + jump), segments=48, ring_count=24)
    bpy.ops.object.shade_smooth()
    bpy.context.object.data.materials.append(material(colour, 0.15))
bpy.ops.object.light_add(type="SUN", rotation=(0.7, 0.3, 0.6))
bpy.context.object.data.energy = 3
bpy.ops.object.camera_add(location=(0, -6.5, 2.4), rotation=(math.radians(75), 0, 0))
scene.camera = bpy.context.object
scene.world = bpy.data.worlds.new("sky")
scene.world.color = (0.35, 0.5, 0.7)
# The one that needs neither a graphics card nor a screen.
scene.render.engine = "CYCLES"
scene.cycles.samples = 16
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = map(int, size.split("x"))
scene.render.resolution_percentage = 100
scene.render.image_settings.file_format = "PNG"
scene.render.image_settings.color_mode = "RGB"
scene.render.filepath = os.path.abspath(path)
bpy.ops.render.render(write_still=True)
