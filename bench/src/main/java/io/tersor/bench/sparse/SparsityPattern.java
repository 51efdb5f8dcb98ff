package io.tersor.bench.sparse;

import io.tersor.TersorException;
import io.tersor.bench.product.WeightZeros;
import io.tersor.tensor.Tensor;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.StringTokenizer;

/**
 * Where the weights of a pruned layer are not zero, as the Deep Learning Matrix Collection (DLMC) stores it in .smtx
 * files: a line of {@code rows, cols, nnz}, a line of row offsets, a line of column indices in rising order, no values.
 * Rows are outputs, columns inputs.
 */
record SparsityPattern(String name, int rows, int columns, int[] offsets, int[] indices) implements WeightZeros {
    private static final String SUFFIX = ".smtx";
    private static final int MAX_EXTENT = 1 << 20;
    private static final long MAX_BYTES = 1 << 28;

    /**
     * Returns the patterns of a file, or of all such files in a folder in the order of their names.
     *
     * @throws TersorException naming the file and what in it cannot be understood
     */
    static List<SparsityPattern> read(Path fileOrFolder) {
        if (!Files.isDirectory(fileOrFolder)) {
            return List.of(readFile(fileOrFolder));
        }
        List<Path> files = new ArrayList<>();
        try (DirectoryStream<Path> found = Files.newDirectoryStream(fileOrFolder, "*" + SUFFIX)) {
            found.forEach(files::add);
        } catch (IOException e) {
            throw new TersorException(fileOrFolder + ": cannot be read: " + e.getMessage(), e);
        }
        if (files.isEmpty()) {
            throw new TersorException(fileOrFolder + ": expected files *" + SUFFIX + ", got none");
        }
        return files.stream().sorted().map(SparsityPattern::readFile).toList();
    }

    private static SparsityPattern readFile(Path file) {
        String name = file.getFileName().toString();
        try {
            long bytes = Files.size(file);
            if (bytes > MAX_BYTES) {
                throw new TersorException(file + ": expected at most " + MAX_BYTES + " bytes, got " + bytes);
            }
            return parse(name.endsWith(SUFFIX) ? name.substring(0, name.length() - SUFFIX.length()) : name,
                    Files.readString(file));
        } catch (CharacterCodingException e) {
            throw new TersorException(file + ": not a text in UTF-8", e);
        } catch (IOException e) {
            throw new TersorException(file + ": cannot be read: " + e, e);
        }
    }

    /**
     * Returns the pattern of a text.
     *
     * @throws TersorException naming what cannot be understood
     */
    static SparsityPattern parse(String name, String text) {
        String[] lines = text.stripTrailing().split("\\R", -1);
        if (lines.length < 2 || lines.length > 3) {
            throw new TersorException(name + ": expected lines of extents, row offsets and column indices, got "
                    + lines.length + " lines");
        }
        int[] extents = numbers(name + ": rows, cols, nnz", lines[0], 3);
        int rows = extents[0];
        int columns = extents[1];
        int entries = extents[2];
        if (rows < 1 || columns < 1 || rows > MAX_EXTENT || columns > MAX_EXTENT || entries > (long) rows * columns) {
            throw new TersorException(name + ": expected 1 to " + MAX_EXTENT + " rows and columns and no more entries "
                    + "than that makes, got " + rows + ", " + columns + ", " + entries);
        }
        int[] offsets = numbers(name + ": row offsets", lines[1], rows + 1);
        int[] indices = numbers(name + ": column indices", lines.length == 3 ? lines[2] : "", entries);
        if (offsets[0] != 0 || offsets[rows] != entries) {
            throw new TersorException(name + ": row offsets: expected 0 to " + entries + ", got " + offsets[0] + " to "
                    + offsets[rows]);
        }
        for (int row = 0; row < rows; row++) {
            checkRow(name, row, offsets, indices, columns);
        }
        return new SparsityPattern(name, rows, columns, offsets, indices);
    }

    private static void checkRow(String name, int row, int[] offsets, int[] indices, int columns) {
        if (offsets[row + 1] < offsets[row] || offsets[row + 1] > indices.length) {
            throw new TersorException(name + ": row offsets: expected rising ones, got " + offsets[row] + ", "
                    + offsets[row + 1]);
        }
        int before = -1;
        for (int i = offsets[row]; i < offsets[row + 1]; i++) {
            if (indices[i] <= before || indices[i] >= columns) {
                throw new TersorException(name + ": column indices of row " + row + ": expected rising ones below "
                        + columns + ", got " + before + ", " + indices[i]);
            }
            before = indices[i];
        }
    }

    /** Returns exactly so many whole numbers from 0. */
    private static int[] numbers(String what, String line, int count) {
        StringTokenizer tokens = new StringTokenizer(line, ", \t");
        // Counted first: a count from a hostile file must not be what is allocated.
        int found = tokens.countTokens();
        if (found != count) {
            throw new TersorException(what + ": expected " + count + " numbers, got " + found);
        }
        int[] numbers = new int[count];
        for (int i = 0; i < count; i++) {
            String token = tokens.nextToken();
            try {
                numbers[i] = Integer.parseInt(token);
            } catch (NumberFormatException e) {
                throw new TersorException(what + ": expected a number, got '" + token + "'", e);
            }
            if (numbers[i] < 0) {
                throw new TersorException(what + ": expected numbers from 0, got " + token);
            }
        }
        return numbers;
    }

    /** Returns the share of entries that are zero. */
    double sparsity() {
        return 1 - (double) indices.length / ((double) rows * columns);
    }

    @Override
    public void applyTo(Tensor weights) {
        for (int row = 0; row < rows; row++) {
            int next = offsets[row];
            for (int column = 0; column < columns; column++) {
                boolean kept = next < offsets[row + 1] && indices[next] == column;
                next += kept ? 1 : 0;
                WeightZeros.set(weights, (long) row * columns + column, !kept);
            }
        }
    }
}
