using System.Runtime.InteropServices;
using System.Text;

namespace OtelLite;

/// <summary>Tells files from what only has a name like one: devices, pipes, sockets. .NET asks the system and does not tell.</summary>
internal static class FileKind
{
    // Far more than the structure has; behind its flags is the mode, with the kind in its upper bits as stat(2) has it.
    private const int StatusBytes = 512, ModeAt = 4, DeviceAt = 88, NumberAt = 104, Kind = 0xF000, Regular = 0x8000;

    /// <summary>Whether there is something of this name. File.Exists says no also where it may not look.</summary>
    /// <exception cref="UnauthorizedAccessException">A folder on the way there is another user's.</exception>
    /// <exception cref="IOException">It can't be looked at.</exception>
    public static bool IsThere(string path)
    {
        try
        {
            _ = File.GetAttributes(path);
            return true;
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return false;
        }
    }

    /// <param name="path">Of something that is there.</param>
    public static bool IsRegular(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return !File.GetAttributes(path).HasFlag(FileAttributes.Device);
        }

        Span<byte> status = stackalloc byte[StatusBytes];
        return Stat(Name(path), ref status[0]) != 0 || (BitConverter.ToInt32(status[ModeAt..]) & Kind) == Regular;
    }

    /// <summary>A name as the system takes it: in UTF-8, and ended by a zero.</summary>
    public static byte[] Name(string path) => [.. Encoding.UTF8.GetBytes(path), 0];

    /// <summary>Which file a name leads to, by its device and its number there; null where it leads to none. Windows lets nobody take a file away that is in use,
    /// and there all are one.</summary>
    /// <param name="name">As <see cref="Name"/> makes it.</param>
    public static (long Device, long Number)? Identity(byte[] name)
    {
        if (OperatingSystem.IsWindows())
        {
            return (0, 0);
        }

        Span<byte> status = stackalloc byte[StatusBytes];
        return Stat(name, ref status[0]) == 0 ? IdentityIn(status) : null;
    }

    /// <summary>The same of the name itself, where it is a link.</summary>
    /// <param name="name">As <see cref="Name"/> makes it.</param>
    public static (long Device, long Number)? IdentityOfName(byte[] name)
    {
        if (OperatingSystem.IsWindows())
        {
            return (0, 0);
        }

        Span<byte> status = stackalloc byte[StatusBytes];
        return LStat(name, ref status[0]) == 0 ? IdentityIn(status) : null;
    }

    private static (long Device, long Number) IdentityIn(ReadOnlySpan<byte> status) => (BitConverter.ToInt64(status[DeviceAt..]), BitConverter.ToInt64(status[NumberAt..]));

    [DllImport("libSystem.Native", EntryPoint = "SystemNative_LStat")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int LStat(byte[] path, ref byte status);

    // .NET's own, the same on every system, and a part of each program that it compiles.
    [DllImport("libSystem.Native", EntryPoint = "SystemNative_Stat")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Stat(byte[] path, ref byte status);
}
