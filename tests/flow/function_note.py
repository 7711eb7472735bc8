"""Where the note of ORD_FUNCTION leads in an ELF file: usage: function_note.py FILE"""
import struct
import sys

elf = open(sys.argv[1], "rb").read()
table, = struct.unpack_from("<Q", elf, 40)
entry_size, count, names_index = struct.unpack_from("<HHH", elf, 58)
sections = [struct.unpack_from("<IIQQQQ", elf, table + i * entry_size) for i in range(count)]
names = sections[names_index][4]


def section(name):
    for name_at, _, _, address, offset, size in sections:
        if elf[names + name_at:].split(b"\0")[0] == name:
            return address, offset, size
    sys.exit("there is no section " + name.decode())


address, offset, _ = section(b".note.orderly")
start, _, size = section(b"orderly_functions")
owner_size, text_size, kind = struct.unpack_from("<III", elf, offset)
to_start, to_stop = struct.unpack_from("<qq", elf, offset + 20)
text = address + 20
if (owner_size, text_size, kind) != (8, 16, 1) or elf[offset + 12:offset + 20] != b"Orderly\0":
    print("no note of ours")
elif (text + to_start, text + 8 + to_stop) == (start, start + size):
    print("the section's start and stop")
else:
    print("elsewhere")
