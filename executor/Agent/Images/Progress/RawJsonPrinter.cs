using System.Text;
using System.Text.Json;
using PodExecutor.BuildKit;

namespace PodExecutor.Agent.Images.Progress;

/// <summary>--progress rawjson: one JSON object per piece of news, as buildx writes BuildKit's SolveStatus (client/graph.go).</summary>
internal sealed class RawJsonPrinter(TextWriter output) : IProgressPrinter
{
    public void Print(ProgressUpdate update)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            Array(json, "vertexes", update.Vertices, Write);
            Array(json, "statuses", update.Statuses, Write);
            Array(json, "logs", update.Logs, Write);
            Array(json, "warnings", update.Warnings, Write);
            json.WriteEndObject();
        }

        output.Write(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length) + "\n");
        output.Flush();
    }

    public void Finish()
    {
    }

    private static void Array<T>(Utf8JsonWriter json, string name, IReadOnlyList<T> items, Action<Utf8JsonWriter, T> write)
    {
        if (items.Count == 0)
        {
            return;
        }

        json.WriteStartArray(name);
        foreach (var item in items)
        {
            json.WriteStartObject();
            write(json, item);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter json, Vertex vertex)
    {
        json.WriteString("digest", vertex.Digest);
        if (vertex.Inputs.Count > 0)
        {
            json.WriteStartArray("inputs");
            foreach (var input in vertex.Inputs)
            {
                json.WriteStringValue(input);
            }

            json.WriteEndArray();
        }

        json.WriteString("name", vertex.Name);
        Time(json, "started", vertex.Started);
        Time(json, "completed", vertex.Completed);
        if (vertex.Cached)
        {
            json.WriteBoolean("cached", true);
        }

        if (vertex.Error is { } error)
        {
            json.WriteString("error", error);
        }
    }

    private static void Write(Utf8JsonWriter json, VertexStatus status)
    {
        json.WriteString("id", status.Id);
        json.WriteString("vertex", status.Vertex);
        json.WriteString("name", status.Name);
        json.WriteNumber("total", status.Total);
        json.WriteNumber("current", status.Current);
        json.WriteString("timestamp", status.Timestamp);
        Time(json, "started", status.Started);
        Time(json, "completed", status.Completed);
    }

    private static void Write(Utf8JsonWriter json, VertexLog log)
    {
        json.WriteString("vertex", log.Vertex);
        json.WriteNumber("stream", log.Stream);
        json.WriteBase64String("data", log.Data.Span);
        json.WriteString("timestamp", log.Timestamp);
    }

    private static void Write(Utf8JsonWriter json, VertexWarning warning)
    {
        json.WriteString("vertex", warning.Vertex);
        json.WriteNumber("level", warning.Level);
        json.WriteBase64String("short", Encoding.UTF8.GetBytes(warning.Short));
        json.WriteStartArray("detail");
        foreach (var line in warning.Detail)
        {
            json.WriteBase64StringValue(Encoding.UTF8.GetBytes(line));
        }

        json.WriteEndArray();
        if (warning.Url is { } url)
        {
            json.WriteString("url", url);
        }

        if (warning.Source is { } source)
        {
            json.WriteStartArray("range");
            foreach (var range in source.Ranges)
            {
                json.WriteStartObject();
                json.WriteStartObject("start");
                json.WriteNumber("line", range.Start);
                json.WriteEndObject();
                json.WriteStartObject("end");
                json.WriteNumber("line", range.End);
                json.WriteEndObject();
                json.WriteEndObject();
            }

            json.WriteEndArray();
        }
    }

    private static void Time(Utf8JsonWriter json, string name, DateTimeOffset? time)
    {
        if (time is { } value)
        {
            json.WriteString(name, value);
        }
    }
}
