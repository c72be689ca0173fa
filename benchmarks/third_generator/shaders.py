"""The shading programs: what light, skin, cloth, paper and desk look like. GLSL 3.3; sheet frame, metres."""

from __future__ import annotations

# The grid of the light that reaches the desk covers the sheet and its surroundings.
LIGHT_GRID_M = (0.72, 0.54)

_NOISE = """
float hash(vec3 p) { p = fract(p * vec3(443.897, 441.423, 437.195)); p += dot(p, p.yzx + 19.19);
    return fract((p.x + p.y) * p.z); }
float noise(vec3 p) {
    vec3 i = floor(p), f = fract(p); f = f * f * (3.0 - 2.0 * f);
    return mix(mix(mix(hash(i), hash(i + vec3(1,0,0)), f.x),
                   mix(hash(i + vec3(0,1,0)), hash(i + vec3(1,1,0)), f.x), f.y),
               mix(mix(hash(i + vec3(0,0,1)), hash(i + vec3(1,0,1)), f.x),
                   mix(hash(i + vec3(0,1,1)), hash(i + vec3(1,1,1)), f.x), f.y), f.z); }
"""

SHADOW_VERTEX = """#version 330
uniform mat4 clip_from_light; in vec3 in_position;
void main() { gl_Position = clip_from_light * vec4(in_position, 1.0); }
"""
SHADOW_FRAGMENT = """#version 330
void main() {}
"""

GRID_VERTEX = """#version 330
uniform vec2 grid_m; in vec2 in_corner; out vec2 place_m;
void main() { place_m = 0.5 * grid_m * in_corner; gl_Position = vec4(in_corner, 0.0, 1.0); }
"""
# Share of the lamp and of the sky that reach a point of the desk. The penumbra widens with the height of what shades:
# the mean height of the blockers tells it. Of the sky, the bones take their share as spherical caps.
GRID_FRAGMENT = """#version 330
uniform mat4 clip_from_light; uniform sampler2D shadow; uniform float lamp_width; uniform float span_m;
uniform vec4 bones[72]; uniform int bone_count; in vec2 place_m; out vec2 light;
const vec2 disk[12] = vec2[](vec2(-.326,-.406), vec2(-.840,-.074), vec2(-.696,.457), vec2(-.203,.621), vec2(.962,-.195),
    vec2(.473,-.480), vec2(.519,.767), vec2(.185,-.893), vec2(.507,.064), vec2(.896,.412), vec2(-.322,-.933),
    vec2(-.792,-.598));
void main() {
    vec3 at = (clip_from_light * vec4(place_m, 0.0, 1.0)).xyz * 0.5 + 0.5;
    float turn = 6.2832 * fract(52.98 * fract(dot(gl_FragCoord.xy, vec2(0.0671, 0.00584))));
    mat2 spin = mat2(cos(turn), sin(turn), -sin(turn), cos(turn));
    float blocked = 0.0, gap = 0.0;
    for (int i = 0; i < 12; i += 2) {
        float depth = texture(shadow, at.xy + 0.04 * lamp_width * spin * disk[i]).r;
        if (depth < at.z - 0.0006) { blocked += 1.0; gap += at.z - depth; } }
    float lamp = 1.0;
    float spread = blocked > 0.0 ? clamp(2.4 * gap / blocked * lamp_width, 0.0012, 0.05) : 0.002;
    for (int i = 0; i < 12; i++)
        lamp -= step(texture(shadow, at.xy + spread * spin * disk[i]).r, at.z - 0.0006) / 12.0;
    float sky = 1.0;
    for (int i = 0; i < bone_count; i++) {
        vec3 a = bones[2 * i].xyz, b = bones[2 * i + 1].xyz; float r = bones[2 * i].w;
        vec3 along = b - a, p = vec3(place_m, 0.0);
        vec3 way = a + clamp(dot(p - a, along) / dot(along, along), 0.0, 1.0) * along - p;
        float far = length(way); float cap = r * r / max(far * far, r * r);
        sky *= 1.0 - 0.85 * clamp(way.z / max(far, 1e-4), 0.0, 1.0) * cap; }
    light = vec2(clamp(lamp, 0.0, 1.0), sky);
}
"""

VERTEX = """#version 330
uniform mat4 clip_from_sheet; uniform mat4 clip_from_light;
in vec3 in_position; in vec3 in_normal; in vec3 in_rest; in vec4 in_color; in vec2 in_traits;
out vec3 position; out vec3 normal; out vec3 rest; out vec4 color; out vec2 traits; out vec3 at;
void main() {
    position = in_position; normal = in_normal; rest = in_rest; color = in_color; traits = in_traits;
    at = (clip_from_light * vec4(in_position + 0.003 * in_normal, 1.0)).xyz * 0.5 + 0.5;
    gl_Position = clip_from_sheet * vec4(in_position, 1.0);
}
"""
# in_color: linear albedo and openness. in_traits: kind (0 skin, 1 cloth, 2 thing) and gloss.
FRAGMENT = (
    "#version 330"
    + _NOISE
    + """
uniform sampler2D shadow; uniform vec3 to_lamp; uniform vec3 lamp; uniform vec3 sky; uniform vec3 eye;
uniform vec3 bounce; uniform vec3 scatter;
in vec3 position; in vec3 normal; in vec3 rest; in vec4 color; in vec2 traits; in vec3 at; out vec4 result;
void main() {
    vec3 n = normalize(normal), view = normalize(eye - position), albedo = color.rgb;
    vec3 wrap = vec3(0.0);
    if (traits.x < 0.5) {
        float fine = noise(rest * 1500.0), middle = noise(rest * 420.0);
        albedo *= 0.90 + 0.10 * fine + 0.12 * middle;
        n = normalize(n + 0.22 * (vec3(fine, middle, 0.5) - 0.5));
        wrap = scatter;
    } else if (traits.x < 1.5) {
        float weave = sin(rest.y * 3100.0) * sin(atan(rest.x, rest.z) * 190.0);
        albedo *= 0.85 + 0.12 * weave + 0.2 * (noise(rest * 700.0) - 0.5);
    } else albedo *= 0.9 + 0.2 * noise(rest * 260.0);
    float lit = 0.0;
    for (int i = 0; i < 4; i++)
        lit += 0.25 * step(at.z - 0.0012, texture(shadow, at.xy + 0.002 * vec2(i % 2 * 2 - 1, i / 2 * 2 - 1)).r);
    vec3 toward = max((dot(n, to_lamp) + wrap) / (1.0 + wrap), 0.0);
    vec3 light = lamp * toward * mix(lit, 1.0, 0.08) + sky * (0.5 + 0.5 * n.z) * color.a;
    light += bounce * (0.5 - 0.5 * n.z) * color.a * clamp(0.25 + position.z * 14.0, 0.0, 1.0);
    vec3 half_way = normalize(view + to_lamp);
    float shine = pow(max(dot(n, half_way), 0.0), mix(14.0, 60.0, traits.y)) * traits.y * lit;
    float rim = 0.12 * traits.y * pow(1.0 - max(dot(n, view), 0.0), 4.0);
    result = vec4(sqrt(clamp(albedo * light + lamp * shine * 0.35 + sky * rim, 0.0, 1.0)), 1.0);
}
"""
)

DESK_VERTEX = """#version 330
uniform mat4 clip_from_sheet; in vec2 in_corner; out vec2 place_m;
void main() { place_m = in_corner * 1.6; gl_Position = clip_from_sheet * vec4(place_m, 0.0, 1.0); }
"""
DESK_FRAGMENT = """#version 330
uniform sampler2D sheet; uniform sampler2D desk; uniform sampler2D light; uniform vec2 sheet_m; uniform vec2 desk_m;
uniform vec2 grid_m; uniform vec3 to_lamp; uniform vec3 lamp; uniform vec3 sky; uniform vec3 eye; uniform float gloss;
uniform vec3 paper; uniform vec2 falloff_m; in vec2 place_m; out vec4 result;
void main() {
    vec2 on_sheet = vec2(place_m.x / sheet_m.x + 0.5, 0.5 - place_m.y / sheet_m.y);
    bool is_paper = all(greaterThan(on_sheet, vec2(0.0))) && all(lessThan(on_sheet, vec2(1.0)));
    vec3 albedo = texture(desk, place_m / desk_m).rgb;
    // Sampled outside the branch: the choice of mip level needs it.
    float ink = texture(sheet, on_sheet).r;
    if (is_paper) albedo = paper * ink;
    // The edge of the page throws a thin line of shadow.
    vec2 out_m = max(abs(place_m) - 0.5 * sheet_m, 0.0);
    if (!is_paper) albedo *= 1.0 - 0.35 * exp(-length(out_m) / 0.0011);
    // The penumbra was sampled at random: neighbours are averaged.
    vec2 reached = vec2(0.0);
    for (int i = 0; i < 4; i++)
        reached += 0.25 * texture(light, (place_m + 0.0016 * vec2(i % 2 * 2 - 1, i / 2 * 2 - 1)) / grid_m + 0.5).rg;
    if (any(greaterThan(abs(place_m), 0.5 * grid_m))) reached = vec2(1.0);
    float fade = 1.0 / (1.0 + dot(place_m - falloff_m, place_m - falloff_m) / 0.35);
    vec3 half_way = normalize(normalize(eye - vec3(place_m, 0.0)) + to_lamp);
    float shine = pow(max(half_way.z, 0.0), 90.0) * (is_paper ? 0.05 : gloss) * reached.x;
    vec3 shone = albedo * (lamp * to_lamp.z * fade * reached.x + sky * reached.y) + lamp * shine * fade;
    result = vec4(sqrt(clamp(shone, 0.0, 1.0)), 1.0);
}
"""
