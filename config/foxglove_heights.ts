// User script of config/foxglove_layout.json: heights of the fingertips in millimetres, for its plot, which cannot read a
// point cloud. A finger that is lost has none.
import { Input } from "./types";

type Hand = { thumb?: number; index?: number; middle?: number; ring?: number; little?: number };
type Output = { left: Hand; right: Hand };

export const inputs = ["/fingertip_contact/fingertips"];
export const output = "/foxglove_script/fingertip_heights_mm";

const HANDS = ["left", "right"] as const;
const FINGERS = ["thumb", "index", "middle", "ring", "little"] as const;

export default function script(event: Input<"/fingertip_contact/fingertips">): Output {
  const cloud = event.message;
  const offsets: { [name: string]: number } = {};
  for (const field of cloud.fields) {
    offsets[field.name] = field.offset;
  }
  const bytes = new DataView(cloud.data.buffer, cloud.data.byteOffset, cloud.data.byteLength);
  const heights: Output = { left: {}, right: {} };
  for (let start = 0; start < bytes.byteLength; start += cloud.point_step) {
    const hand = HANDS[bytes.getUint8(start + offsets["hand"])];
    const finger = FINGERS[bytes.getUint8(start + offsets["finger"])];
    const height_m = bytes.getFloat32(start + offsets["height"], true);
    if (hand !== undefined && finger !== undefined && Number.isFinite(height_m)) {
      heights[hand][finger] = 1000 * height_m;
    }
  }
  return heights;
}
