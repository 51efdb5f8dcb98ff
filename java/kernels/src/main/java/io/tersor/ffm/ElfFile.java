package io.tersor.ffm;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * The header of an ELF file (System V ABI, "ELF Header" and "Program Header"). The dynamic linker trusts these fields:
 * a truncated library kills the process with SIGBUS when it is loaded, so they are checked before.
 */
final class ElfFile {
    private static final int HEADER_BYTES = 64;
    private static final int PROGRAM_HEADER_BYTES = 56;
    private static final int MAGIC = 0x464C457F;
    private static final int CLASS_64 = 2;
    private static final int DATA_LITTLE_ENDIAN = 1;
    private static final int TYPE_SHARED_OBJECT = 3;
    private static final int SEGMENT_LOAD = 1;
    private static final int MACHINE_X86_64 = 62;
    private static final int MACHINE_ARM64 = 183;

    private ElfFile() {
    }

    /**
     * Returns without effect if the file is a whole shared library for the given architecture.
     *
     * @throws NativeLibraryException if not, naming what was expected and what was found
     * @throws IOException if the file cannot be read
     */
    static void check(String library, Path file, NativePlatform platform) throws IOException {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            ByteBuffer header = read(channel, 0, HEADER_BYTES);
            if (header.remaining() < HEADER_BYTES || header.getInt(0) != MAGIC) {
                throw new NativeLibraryException(library, file + " is not a shared library (no ELF header)");
            }
            boolean elf64 = header.get(4) == CLASS_64 && header.get(5) == DATA_LITTLE_ENDIAN;
            String machine = elf64 ? machineName(header.getShort(18)) : "32-bit or big-endian";
            if (!machine.equals(platform.arch())) {
                throw new NativeLibraryException(library,
                        file + " is for another machine: expected " + platform.arch() + ", got " + machine);
            }
            if (header.getShort(16) != TYPE_SHARED_OBJECT) {
                throw new NativeLibraryException(library, file + " is an ELF file, but not a shared library");
            }
            long needed = neededBytes(channel, header);
            if (needed < 0 || needed > size) {
                throw new NativeLibraryException(library, file + " is damaged: expected at least "
                        + Long.toUnsignedString(needed) + " bytes, got " + size);
            }
        }
    }

    /** Returns the end of the last segment or header table; negative if a field overflows. */
    private static long neededBytes(FileChannel channel, ByteBuffer header) throws IOException {
        long programHeaders = header.getLong(32);
        long sectionHeaders = header.getLong(40);
        int programHeaderCount = Short.toUnsignedInt(header.getShort(56));
        long sectionTableBytes = (long) Short.toUnsignedInt(header.getShort(58))
                * Short.toUnsignedInt(header.getShort(60));
        long needed = Math.max(HEADER_BYTES, sectionHeaders + sectionTableBytes);
        long tableEnd = programHeaders + (long) programHeaderCount * PROGRAM_HEADER_BYTES;
        if (programHeaders < 0 || sectionHeaders < 0 || needed < 0 || tableEnd > channel.size()) {
            return Math.max(tableEnd, -1);
        }
        ByteBuffer table = read(channel, programHeaders, programHeaderCount * PROGRAM_HEADER_BYTES);
        for (int at = 0; at + PROGRAM_HEADER_BYTES <= table.limit(); at += PROGRAM_HEADER_BYTES) {
            if (table.getInt(at) == SEGMENT_LOAD) {
                long offset = table.getLong(at + 8);
                long fileBytes = table.getLong(at + 32);
                if (offset < 0 || fileBytes < 0 || offset + fileBytes < 0) {
                    return -1;
                }
                needed = Math.max(needed, offset + fileBytes);
            }
        }
        return needed;
    }

    private static String machineName(short machine) {
        return switch (machine) {
            case MACHINE_X86_64 -> "x86_64";
            case MACHINE_ARM64 -> "arm64";
            default -> "ELF machine " + Short.toUnsignedInt(machine);
        };
    }

    private static ByteBuffer read(FileChannel channel, long position, int bytes) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(bytes).order(ByteOrder.LITTLE_ENDIAN);
        int got = 0;
        while (got >= 0 && buffer.hasRemaining()) {
            got = channel.read(buffer, position + buffer.position());
        }
        return buffer.flip();
    }
}
