"""A second generator of recordings, which shares no hands, motion, sheet, light or sensor with the package's own.

A detector that was tuned on one simulation may have learnt that simulation's habits. Here the hands are MakeHuman's,
the joints are solved from where the pads have to be, the taps follow other curves, the sheet has other keys and the
images are ray traced with other light, skin, desk and noise. Only the file formats are the package's.
"""
