using System.Runtime.InteropServices;

namespace PodExecutor.Driver.Pipelines.Runner;

/// <summary>A NULL-terminated array of C strings, as argv and envp want it.</summary>
internal sealed unsafe class CStrings : IDisposable
{
    private readonly byte** _array;
    private readonly int _count;

    public CStrings(IReadOnlyCollection<string> values)
    {
        _array = (byte**)NativeMemory.AllocZeroed((nuint)(values.Count + 1), (nuint)sizeof(byte*));
        foreach (var value in values)
        {
            _array[_count++] = (byte*)Marshal.StringToCoTaskMemUTF8(value);
        }
    }

    public byte** Pointer => _array;

    public void Dispose()
    {
        for (var i = 0; i < _count; i++)
        {
            Marshal.FreeCoTaskMem((nint)_array[i]);
        }

        NativeMemory.Free(_array);
    }
}
