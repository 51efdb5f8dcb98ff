package io.tersor.bench.results;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.tersor.TersorException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.ToIntFunction;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.cfg.MapperConfig;
import tools.jackson.databind.introspect.AnnotatedMember;
import tools.jackson.databind.introspect.JacksonAnnotationIntrospector;
import tools.jackson.databind.json.JsonMapper;

/** JSON as files of results have it: what is absent is left out, what is unknown is an error. */
public final class ResultsJson {
    /** Reads and writes the records of this package and those that are sent from fork to fork. Safe to share. */
    public static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .changeDefaultPropertyInclusion(_ -> JsonInclude.Value.construct(JsonInclude.Include.NON_ABSENT,
                    JsonInclude.Include.NON_ABSENT))
            .build();

    /** What the mapper above would take for 0 or none, files of results have to have: all but what is optional. */
    private static final JsonMapper STRICT = MAPPER.rebuild()
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES)
            .annotationIntrospector(new JacksonAnnotationIntrospector() {
                private static final long serialVersionUID = 1L;

                @Override
                public Boolean hasRequiredMarker(MapperConfig<?> config, AnnotatedMember member) {
                    return member.getRawType() != Optional.class;
                }
            }).build();

    private ResultsJson() {}

    /**
     * Reads a file of which the kind is not known yet.
     *
     * @throws TersorException naming the file if it is missing or not JSON
     */
    public static JsonNode read(Path file) {
        try {
            return MAPPER.readTree(Files.readString(file));
        } catch (NoSuchFileException e) {
            throw new TersorException(file + ": no such file", e);
        } catch (IOException e) {
            throw new TersorException(file + ": cannot be read: " + e.getMessage(), e);
        } catch (JacksonException e) {
            throw wrong(file, e);
        }
    }

    /**
     * Returns what a file holds.
     *
     * @param file for messages
     * @param schema tells the version of the file's format
     * @throws TersorException naming the file and the place in it if a part is unknown, missing or of the wrong kind, or
     *     it is of another version than {@link Results#SCHEMA}
     */
    public static <T> T value(Path file, JsonNode tree, Class<T> type, ToIntFunction<T> schema) {
        if (!tree.isObject()) {
            throw new TersorException(file + ": not a file of results: expected an object");
        }
        T value;
        try {
            value = STRICT.treeToValue(tree, type);
        } catch (JacksonException e) {
            throw wrong(file, e);
        }
        if (schema.applyAsInt(value) != Results.SCHEMA) {
            throw new TersorException(file + ": expected schema " + Results.SCHEMA + ", got "
                    + schema.applyAsInt(value));
        }
        return value;
    }

    private static TersorException wrong(Path file, JacksonException e) {
        String place = e.getPath().stream().map(part -> part.getPropertyName() != null ? "." + part.getPropertyName()
                : "[" + part.getIndex() + "]").collect(Collectors.joining());
        return new TersorException(file + ": not a file of results: "
                + (place.isEmpty() ? "" : place.substring(1) + ": ")
                + e.getOriginalMessage().lines().findFirst().orElse(""), e);
    }

    /**
     * Writes a file: beside it first, then renamed.
     *
     * @throws TersorException naming the file if it cannot be written
     */
    public static void write(Path file, Object value) {
        TextFile.write(file, MAPPER.writeValueAsString(value) + "\n");
    }
}
