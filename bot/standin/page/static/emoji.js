// A common handful of short names. What is not here is shown as it was written.

const NAMES = `
100 💯|+1 👍|thumbsup 👍|-1 👎|thumbsdown 👎|alarm_clock ⏰|ambulance 🚑|arrow_down ⬇️|arrow_right ➡️|arrow_up ⬆️|
arrows_counterclockwise 🔄|ballot_box_with_check ☑️|bangbang ‼️|bar_chart 📊|bell 🔔|no_bell 🔕|black_circle ⚫|
black_large_square ⬛|boom 💥|book 📖|bookmark 🔖|books 📚|bug 🐛|bulb 💡|calendar 📆|chart_with_downwards_trend 📉|
chart_with_upwards_trend 📈|clap 👏|clipboard 📋|clock1 🕐|clock3 🕒|closed_lock_with_key 🔐|cloud ☁️|coffee ☕|
construction 🚧|cry 😢|cyclone 🌀|dart 🎯|dizzy 💫|double_vertical_bar ⏸️|exclamation ❗|eyes 👀|face_with_monocle 🧐|
file_cabinet 🗄️|fire 🔥|fire_engine 🚒|firefighter 🧑‍🚒|fireworks 🎆|flashlight 🔦|floppy_disk 💾|ghost 👻|gear ⚙️|
globe_with_meridians 🌐|green_heart 💚|grey_question ❔|hammer 🔨|hammer_and_wrench 🛠️|heart ❤️|heavy_check_mark ✔️|
heavy_minus_sign ➖|heavy_multiplication_x ✖️|heavy_plus_sign ➕|hourglass ⌛|hourglass_flowing_sand ⏳|
information_source ℹ️|joy 😂|key 🔑|label 🏷️|large_blue_circle 🔵|large_green_circle 🟢|large_orange_circle 🟠|
large_purple_circle 🟣|large_red_square 🟥|large_green_square 🟩|large_yellow_circle 🟡|large_yellow_square 🟨|link 🔗|
lock 🔒|unlock 🔓|loudspeaker 📢|mag 🔍|mag_right 🔎|mailbox 📫|man_dancing 🕺|mega 📣|memo 📝|pencil 📝|microscope 🔬|
moon 🌔|crescent_moon 🌙|mute 🔇|sleeping 😴|zzz 💤|muscle 💪|new 🆕|newspaper 📰|no_entry ⛔|no_entry_sign 🚫|ok ⭕|
ok_hand 👌|octagonal_sign 🛑|package 📦|page_facing_up 📄|paperclip 📎|partying_face 🥳|point_right 👉|postbox 📮|pray 🙏|
pushpin 📌|round_pushpin 📍|question ❓|rabbit 🐰|raised_hands 🙌|raised_hand ✋|hand ✋|red_circle 🔴|
repeat 🔁|rewind ⏪|leftwards_arrow_with_hook ↩️|robot_face 🤖|rocket 🚀|rotating_light 🚨|sad 😞|satellite 🛰️|scroll 📜|
shield 🛡️|slightly_smiling_face 🙂|smile 😄|smiley 😃|snowflake ❄️|sob 😭|sos 🆘|sparkles ✨|speech_balloon 💬|star ⭐|
stop_sign 🛑|stopwatch ⏱️|sunny ☀️|sweat_smile 😅|tada 🎉|telephone ☎️|test_tube 🧪|thinking_face 🤔|timer_clock ⏲️|
tools 🛠️|traffic_light 🚥|triangular_flag_on_post 🚩|turtle 🐢|vertical_traffic_light 🚦|warning ⚠️|wastebasket 🗑️|wave 👋|
white_check_mark ✅|white_circle ⚪|white_large_square ⬜|wrench 🔧|x ❌|zap ⚡|arrow_forward ▶️|fast_forward ⏩|
black_square_for_stop ⏹️|bust_in_silhouette 👤|busts_in_silhouette 👥|ship ⛵|anchor ⚓|compass 🧭|one 1️⃣|two 2️⃣|three 3️⃣|
four 4️⃣|five 5️⃣|satellite_antenna 📡|electric_plug 🔌|battery 🔋|computer 💻|desktop_computer 🖥️|whale 🐳|elephant 🐘
`;

export const EMOJI = new Map(
  NAMES.split("|").map((entry) => entry.trim().split(" ")).map(([name, sign]) => [name, sign]),
);

export const QUICK = ["eyes", "white_check_mark", "+1", "pushpin", "rotating_light", "tada", "thinking_face", "fire"];

/** The sign of a short name, or the name between colons. */
export const emoji = (name) => EMOJI.get(name) ?? `:${name}:`;

/** Text with its short names replaced. */
export function withEmoji(text) {
  return text.replace(/:([a-z0-9_+-]+):/g, (whole, name) => EMOJI.get(name) ?? whole);
}
