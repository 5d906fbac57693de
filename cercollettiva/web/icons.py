"""The icons of the pages: 24 by 24, drawn with the colour of the text beside them."""

from __future__ import annotations

from typing import Final

ICONS: Final = {
    "act": '<circle cx="12" cy="12" r="10" fill="currentColor" stroke="none"/>'
    '<path class="icon-cut" d="M12 7v6M12 16.5v.1"/>',
    "alerts": '<path d="M6 16v-5a6 6 0 0 1 12 0v5l1.5 2h-15zM10 20.5a2.2 2.2 0 0 0 4 0"/>',
    "back": '<path d="m15 5-7 7 7 7"/>',
    "community": '<circle cx="12" cy="6" r="2.6"/><circle cx="5.8" cy="17" r="2.6"/><circle cx="18.2" cy="17" r="2.6"/>'
    '<path d="m10.7 8.4-3.6 6.3M13.3 8.4l3.6 6.3M8.5 17h7"/>',
    "dashboard": '<path d="M4 6h16M4 12h10M4 18h13" stroke-width="3"/>',
    "download": '<path d="M12 4v11M7.5 10.5 12 15l4.5-4.5M5 20h14"/>',
    "energy": '<path d="M5 20v-8M12 20V4M19 20v-5"/>',
    "fine": '<path d="m5 12.5 4.5 4.5L19 7.5"/>',
    "home": '<path d="m4 11 8-6.5 8 6.5M6 9.5v10h12v-10M10 19.5v-5h4v5"/>',
    "look": '<circle cx="12" cy="12" r="9"/><path d="M12 7v6M12 16.5v.1"/>',
    "members": '<circle cx="9" cy="8" r="3.5"/><path d="M2.5 20a6.5 6.5 0 0 1 13 0M16 4.8a3.5 3.5 0 0 1 0 6.4'
    'M18 13.8a6.5 6.5 0 0 1 3.5 6.2"/>',
    "meter": '<rect x="4" y="3.5" width="16" height="17" rx="1.5"/><path d="M8 8h8M8 12.5h.01M12 12.5h.01M16 12.5h.01'
    'M9 16.5h6"/>',
    "money": '<path d="M18 6.5a7 7 0 1 0 0 11M4 10.5h9M4 13.5h8"/>',
    "more": '<path d="M5 12h.01M12 12h.01M19 12h.01" stroke-width="3.5"/>',
    "next": '<path d="m9 5 7 7-7 7"/>',
    "offline": '<path d="M4 4l16 16M8.5 16.5a5 5 0 0 1 7 0M5 13a10 10 0 0 1 4.5-2.6M19 13a10 10 0 0 0-5-2.8'
    'M2 9.5a15 15 0 0 1 4.5-2.9M22 9.5A15 15 0 0 0 11 5.6M12 20h.01"/>',
    "open": '<path d="m6 9 6 6 6-6"/>',
    "person": '<circle cx="12" cy="8" r="4"/><path d="M4.5 20.5a7.5 7.5 0 0 1 15 0"/>',
    "place": '<path d="M12 21s7-6.2 7-11.5a7 7 0 1 0-14 0C5 14.8 12 21 12 21z"/><circle cx="12" cy="9.5" r="2.5"/>',
    "plant": '<path d="M2.5 11 12 4.5l9.5 6.5M7.5 12.5h9L18.5 19h-13zM12 12.5V19M6.4 15.7h11.2"/>',
    "today": '<circle cx="12" cy="12" r="4"/><path d="M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4'
    'M5.6 18.4 7 17M17 7l1.4-1.4"/>',
}
